package kernel

import (
	"regexp"
	"strings"
)

// VersionLess reports whether release a is older than release b. Runs of
// digits compare as numbers, everything between them as text, and a release
// candidate ("6.1-rc3", "7.3~rc1") is older than what it becomes; of one version those
// for clouds come last, those for real time first:
//
//	6.1-rc3 < 6.1 < 6.1.0-9-rt-amd64 < 6.1.0-9-amd64 < 6.1.0-10-amd64 < 6.1.0-10-cloud-amd64 < 6.12.1
func VersionLess(a, b string) bool {
	for a != "" || b != "" {
		var textA, textB, digitsA, digitsB string
		textA, a = cut(a, false)
		textB, b = cut(b, false)
		if textA != textB {
			if rankA, rankB := rank(textA), rank(textB); rankA != rankB {
				return rankA < rankB
			}
			return textA < textB
		}
		digitsA, a = cut(a, true)
		digitsB, b = cut(b, true)
		digitsA, digitsB = strings.TrimLeft(digitsA, "0"), strings.TrimLeft(digitsB, "0")
		if digitsA != digitsB {
			if len(digitsA) != len(digitsB) {
				return len(digitsA) < len(digitsB)
			}
			return digitsA < digitsB
		}
	}
	return false
}

// cut splits off the longest beginning that has only digits, or none.
func cut(release string, digits bool) (head, rest string) {
	end := 0
	for end < len(release) && isDigit(release[end]) == digits {
		end++
	}
	return release[:end], release[end:]
}

func rank(text string) int {
	switch {
	case strings.HasPrefix(text, "~"), strings.HasPrefix(text, "-rc"):
		return -1
	case text == "", strings.HasPrefix(text, "-rt-"): // nobody means a kernel for real time who does not say so
		return 0
	}
	return 1
}

// matches reports whether a release is what was asked for: the same, or
// beginning with it up to the end of a component ("6.1" asks for 6.1.0-9, and
// not for 6.12.1). What was asked for may end with the flavour: "6.1-amd64" asks
// for 6.1.0-9-amd64, and for neither 6.1.0-9-cloud-amd64 nor 6.1.0-9-rt-amd64.
func matches(release, asked string) bool {
	if m := flavoured.FindStringSubmatch(asked); m != nil {
		of := flavoured.FindStringSubmatch(release)
		return of != nil && of[2] == m[2] && begins(of[1], m[1])
	}
	return begins(release, asked)
}

// flavoured is the name of a kernel of Debian's, with what it was built for at its end.
var flavoured = regexp.MustCompile(`^(.*?)((?:-cloud|-rt)?-(?:amd64|arm64))$`)

func begins(release, asked string) bool {
	rest, found := strings.CutPrefix(release, strings.TrimRight(asked, ".-+~"))
	return found && (rest == "" || !isDigit(rest[0]) && !isLetter(rest[0]))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
