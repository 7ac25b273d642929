package parse

import (
	"bytes"
	"regexp"
	"strings"
)

// Doc is the comment "/** name: what it is. */" directly above a declaration of the
// library:
//
//	/** vfs.read: a file is read.
//	    file: its struct file.
//	    count: how many bytes are wanted, at most.
//	    Since Linux 5.10. Instead: syscall.read. */
//
// Lines that begin with names and a colon are about variables. The sentences "Since
// Linux VERSION.", "Until Linux VERSION." and "Instead: NAME." stand for themselves.
type Doc struct {
	Names     []string
	Text      string // without what follows
	Variables []DocVariable
	Since     string // "5.10"; "": always
	Until     string // the last one that has it; "": it is there still
	Instead   string // what serves where it does not; "" if nothing
}

// DocVariable is a line about variables.
type DocVariable struct {
	Names []string
	Text  string
}

var (
	docNames     = regexp.MustCompile(`^(@?\w[\w.]*(?:, @?\w[\w.]*)*):(?:\s+|$)`)
	docVariables = regexp.MustCompile(`^(\w+(?:, \w+)*): `)
	docSince     = regexp.MustCompile(`(?:^|\s)Since Linux (\d+(?:\.\d+)+)\.(?:\s|$)`)
	docUntil     = regexp.MustCompile(`(?:^|\s)Until Linux (\d+(?:\.\d+)+)\.(?:\s|$)`)
	docInstead   = regexp.MustCompile(`(?:^|\s)Instead: (\S+(?:, \S+)*?)\.(?:\s|$)`)
)

// DocOf reads the comment above a declaration, of which at is a word on its first
// line; nil if there is none.
func DocOf(at Position) *Doc {
	if !at.IsValid() {
		return nil
	}
	text := at.Source.Text[:min(at.Offset, len(at.Source.Text))]
	text = bytes.TrimRight(text[:bytes.LastIndexByte(text, '\n')+1], " \t\r\n")
	begin := bytes.LastIndex(text, []byte("/*"))
	if begin < 0 || !bytes.HasSuffix(text, []byte("*/")) || !bytes.HasPrefix(text[begin:], []byte("/**")) || len(text)-begin < len("/***/") {
		return nil
	}
	return parseDoc(string(text[begin+len("/**") : len(text)-len("*/")]))
}

func parseDoc(comment string) *Doc {
	doc := &Doc{}
	take := func(text string, sentence *regexp.Regexp, into *string) string {
		if found := sentence.FindStringSubmatch(text); found != nil {
			*into = found[1]
			text = sentence.ReplaceAllString(text, " ")
		}
		return text
	}
	var prose []string
	for i, line := range strings.Split(strings.TrimSpace(comment), "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "* "))
		if names := docNames.FindStringSubmatch(line); i == 0 && names != nil {
			doc.Names = strings.Split(names[1], ", ")
			line = line[len(names[0]):]
		}
		line = take(line, docSince, &doc.Since)
		line = take(line, docUntil, &doc.Until)
		line = strings.TrimSpace(take(line, docInstead, &doc.Instead))
		about := docVariables.FindStringSubmatch(line)
		switch {
		case line == "" || line == "*":
		case about != nil && i > 0:
			doc.Variables = append(doc.Variables, DocVariable{strings.Split(about[1], ", "), line[len(about[0]):]})
		case len(doc.Variables) > 0:
			last := &doc.Variables[len(doc.Variables)-1]
			last.Text += " " + line
		default:
			prose = append(prose, line)
		}
	}
	doc.Text = strings.Join(prose, " ")
	return doc
}

// HeaderOf gives what the lines of "// " say that a file begins with.
func HeaderOf(source *Source) string {
	var lines []string
	for _, line := range strings.Split(string(source.Text), "\n") {
		text, found := strings.CutPrefix(line, "//")
		if !found {
			break
		}
		lines = append(lines, strings.TrimSpace(text))
	}
	return strings.Join(lines, " ")
}
