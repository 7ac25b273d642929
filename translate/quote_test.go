package translate_test

import "testing"

// TestQuoted: P330, P371: characters and strings in quotes, as printed forms have
// them: escapes, a limit, "..." behind what is cut, and an error for what cannot be
// read.
func TestQuoted(t *testing.T) {
	got := runHosted(t, `
		function quote:string (text:string, most:long) %{
			struct stap_output out;

			stap_output_string(&out, STAP_RETVALUE);
			stap_put_quoted(CONTEXT, &out, (stap_long)STAP_ARG_text, STAP_ARG_most);
			stap_output_finish(&out);
		%}
		function at:string (address:long) %{
			struct stap_output out;

			stap_output_string(&out, STAP_RETVALUE);
			stap_put_quoted(CONTEXT, &out, STAP_ARG_address, -1);
			stap_output_finish(&out);
		%}
		function character:string (c:long) %{
			struct stap_output out;

			stap_output_string(&out, STAP_RETVALUE);
			stap_put_quoted_character(&out, STAP_ARG_c);
			stap_output_finish(&out);
		%}
		probe begin {
			println(quote("a\"b\\c\n\001", -1), quote("", -1), quote("abc", 2), quote("abc", 0))
			println(character(65), character(0), character(10), character(34), character(92), character(200), character(0x141))
			for (i = 0; i < 6; i++) some = some . "0123456789abcdefghij"
			for (i = 0; i < 4; i++) all = all . some
			println(quote(some, -1) == "\"" . some . "\"", " ", quote(all . all, -1))
			try { println(at(1)) } catch (message) { println(message) }
		}`)
	want := `"a\"b\\c\n\001""""ab"""` + "\n" + `'A''\0''\n''"''\''\310''A'` + "\n1 "
	for i := range 503 {
		if i == 0 {
			want += `"`
		}
		want += string("0123456789abcdefghij"[i%20])
	}
	want += `"...` + "\nread fault [man error::fault] at 0x1\n[cut: 1]\n" // by the script, which joins too much
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
