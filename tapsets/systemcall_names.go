package tapsets

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/parse"
)

// This file makes the library file with the functions that know system calls by numbers and names.

// addSystemCallNames adds the file.
func addSystemCallNames(library *parse.Library) {
	index := parse.FileIndex{Functions: []string{"syscall_name/1", "syscall_num/1"}}
	library.Add(index, func() (*parse.Source, error) {
		text, err := systemCallNames()
		return &parse.Source{Name: "tapset/systemcall_names.stp", Text: text, Library: true}, err
	})
}

const systemCallNameFunctions = `
/** syscall_name: the name of a system call by its number, of a program such as the current one, of 64 bits
    or of 32; "" if there is none. */
function syscall_name:string (number:long)
%%{ /* pure */ /* stable */ /* unprivileged */
%[1]s	const struct system_calls *calls = stap_system_call_narrow() ? &narrow : &wide;

	if (STAP_ARG_number >= 0 && STAP_ARG_number < calls->count)
		stap_string_copy(STAP_RETVALUE, names + calls->names[STAP_ARG_number]);
%%}

/** syscall_num: the number of a system call by its name, of a program such as the current one; -1 if there
    is none. */
function syscall_num:long (name:string)
%%{ /* pure */ /* stable */ /* unprivileged */
%[1]s	const struct system_calls *calls = stap_system_call_narrow() ? &narrow : &wide;
	unsigned int i;

	STAP_RETVALUE = -1;
	for (i = 0; i < calls->count && STAP_RETVALUE < 0; i++)
		if (calls->names[i] && !stap_string_compare(names + calls->names[i], STAP_ARG_name))
			STAP_RETVALUE = i;
%%}
`

// systemCallNames writes the file: the names one after the other, and for each number where its name
// begins among them, 0 of numbers without one.
func systemCallNames() ([]byte, error) {
	all, err := readSystemCallNumbers(systemCallNumberTable)
	if err != nil {
		return nil, err
	}
	var names, table strings.Builder
	offset := 1
	offsets := map[string]int{}
	names.WriteString("\tstatic const char names[] = \"\\0\"\n")
	for _, n := range all {
		fmt.Fprintf(&names, "\t\t\"%s\\0\"\n", n.name)
		offsets[n.name] = offset
		offset += len(n.name) + 1
	}
	list := func(variable string, of func(systemCallNumbers) int) {
		var byNumber []int
		for _, n := range all {
			if number := of(n); number >= 0 {
				if number >= len(byNumber) {
					byNumber = append(byNumber, make([]int, number+1-len(byNumber))...)
				}
				byNumber[number] = offsets[n.name]
			}
		}
		fmt.Fprintf(&table, "\tstatic const struct system_calls %s = { %d, {", variable, len(byNumber))
		for _, o := range byNumber {
			fmt.Fprintf(&table, " %d,", o)
		}
		table.WriteString(" } };\n")
	}
	table.WriteString("\tstruct system_calls { unsigned int count; unsigned short names[512]; };\n#ifdef __x86_64__\n")
	list("wide", func(n systemCallNumbers) int { return n.x86 })
	list("narrow", func(n systemCallNumbers) int { return n.i386 })
	table.WriteString("#else\n")
	list("wide", func(n systemCallNumbers) int { return n.arm64 })
	list("narrow", func(n systemCallNumbers) int { return n.arm })
	table.WriteString("#endif\n")
	text := fmt.Sprintf("// Names of system calls, of the table systemcall_numbers.table.\n"+systemCallNameFunctions, strings.TrimSuffix(names.String(), "\n")+";\n"+table.String())
	return []byte(text), nil
}
