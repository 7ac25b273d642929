package translate

import "fmt"

// lines writes what lines the program takes along: of each object a table, which the
// assembler takes out of a file, since a compiler would take minutes for megabytes.
func (t *translator) lines() (files []File) {
	if len(t.program.Lines) == 0 {
		return nil
	}
	count := 0
	for i, table := range t.program.Lines {
		name := fmt.Sprintf("stap_lines_%d", i)
		files = append(files, File{Name: name, Data: table.Data})
		t.printf("\n/* the lines of %s */\n", comment(table.Object))
		t.printf("__asm__(\".pushsection .rodata\\n%[1]s: .incbin \\\"\" STAP_FILES \"/%[1]s\\\"\\n%[1]s_end: .popsection\");\n", name)
		t.printf("extern const unsigned char %[1]s[], %[1]s_end[];\n", name)
		count += len(table.Parts)
	}
	t.printf("\nstruct stap_line_part stap_line_parts[] = {\n")
	for i, table := range t.program.Lines {
		for _, part := range table.Parts {
			initial := ""
			if part.Initial {
				initial = ", .initial = 1"
			}
			t.printf("\t{ %[1]s, .table = stap_lines_%[2]d, .table_end = stap_lines_%[2]d_end, .position = %[3]d, .size = %[4]d%[5]s },\n",
				address(part.At), i, part.Position, part.Size, initial)
		}
	}
	t.printf("};\nconst unsigned int stap_line_part_count = %d;\n", count)
	return files
}
