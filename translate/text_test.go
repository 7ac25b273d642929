package translate_test

import "testing"

// TestErrors: T002, errno_str, errno_p, return_str.
func TestErrors(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "names", script: `probe begin { println(errno_str(2), errno_str(-2), errno_str(11), errno_str(-512), errno_str(0) . errno_str(531) . errno_str(41) . errno_str(100000)) }`,
			want: "ENOENTENOENTEAGAINERESTARTSYS\n"},
		{name: "numbers", script: `probe begin { println(errno_p(-13), " ", errno_p(13), " ", errno_p(0), " ", errno_p(-4000), " ", errno_p(-9223372036854775807 - 1)) }`,
			want: "13 13 0 0 0\n"},
		{name: "results", script: `probe begin { println(return_str(1, 12), " ", return_str(2, 255), " ", return_str(3, 8), " ", return_str(3, 0), " ", return_str(2, -1), " ", return_str(1, -5000)) }`,
			want: "12 0xff 010 0 -1 (EPERM) -5000\n"},
	})
}

// TestStrings: T001: the functions of tapsets/string.stp and tokenize.stp, with the library's substr, strlen and so on.
func TestStrings(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "strlen, substr", script: `global s = "hello" probe begin { printf("%d %s|%s|%s|%s|%s|\n", strlen(s), substr(s, 1, 3), substr(s, 3, 99), substr(s, 5, 1), substr(s, -1, 2), substr(s, 0, -1)) }`,
			want: "5 ell|lo||||\n"},
		{name: "strlen of the longest", script: `probe begin { s = "x"; for (i = 0; i < 10; i++) s .= s; println(strlen(s), " ", strlen(substr(s, 500, 100))) }`, want: "511 11\n[cut: 2]\n"},
		{name: "stringat", script: `global s = "a\377" probe begin { println(stringat(s, 0), " ", stringat(s, 1), " ", stringat(s, 2)); try { stringat(s, -1) } catch (m) { println(m) }
			try { println(stringat(s, 512)) } catch (m) { println(m) } }`, want: "97 255 0\nPosition out of bounds\nPosition out of bounds\n"},
		{name: "isinstr, strpos", script: `global s = "abcabd" probe begin { println(isinstr(s, "abd"), isinstr(s, "abe"), isinstr(s, ""), " ", strpos(s, "abd"), " ", strpos(s, "x"), " ", strpos(s, "abc")) }`,
			want: "101 3 -1 0\n"},
		{name: "strtol", script: `function n(s, b) { return strtol(s, b) } probe begin { println(n("12ab", 10), " ", n("ff", 16), " ", n("0xff", 16), " ", n("0x1f", 0), " ", n("017", 0), " ", n("19", 0), " ", n("-5", 10), " ",
			n("+5", 10), " ", n("x", 10), " ", n("z", 36), " ", n("101", 2), " ", n("1", 1), " ", n("0xg", 0), " ", n("  7", 10), " ", n("0xffffffffffffffff", 16), " ", n("09", 8)) }`,
			want: "12 255 255 31 15 19 -5 5 0 35 5 0 0 7 -1 0\n"},
		{name: "isdigit", script: `global s = "" probe begin { println(isdigit("1a"), isdigit("a1"), isdigit(s), isdigit("9"), isdigit("/"), isdigit(":")) }`, want: "100100\n"},
		{name: "str_replace", script: `global s = "a-b--c" probe begin { println(str_replace(s, "-", "+="), " ", str_replace(s, "--", ""), " ", str_replace(s, "", "x"), " ", str_replace(s, "z", "y")) }`,
			want: "a+=b+=+=c a-bc a-b--c a-b--c\n"},
		{name: "str_replace cuts", script: `probe begin { s = "x"; for (i = 0; i < 8; i++) s .= s; println(strlen(str_replace(s, "x", "yyy"))) }`, want: "511\n[cut: 1]\n"},
		{name: "text_str", script: `probe begin { println(text_str("a\"b\\c\n\t\001\177é€"), " ", text_str("\303"), " ", text_str("\303("), " ", text_str("\360\237\230\200")) }`,
			want: "a\\\"b\\\\c\\n\\t\\001\\177\\u00e9\\u20ac \\303 \\303( \\U0001f600\n"},
		{name: "text_strn", script: `global s = "0123456789" probe begin { println(text_strn(s, 10, 0), " ", text_strn(s, 9, 0), " ", text_strn(s, 12, 1), " ", text_strn(s, 11, 1), " ", text_strn(s, 1, 1), " ", text_strn(s, 0, 1), " ", text_strn("a\001b", 6, 0)) }`,
			want: "0123456789 012345... \"0123456789\" \"012345\"... \"\"... \"0123456789\" a\\001b\n"},
		{name: "text_str cuts", script: `probe begin { s = "\001"; for (i = 0; i < 8; i++) s .= s; t = text_str(s); println(strlen(t), " ", substr(t, 500, 99), " ", substr(string_quoted(s), 500, 99)) }`,
			want: "511 \\001\\001... 1\\001\"...\n"},
		{name: "string_quoted", script: `probe begin { println(string_quoted(""), string_quoted("a b")) }`, want: "\"\"\"a b\"\n"},
		{name: "tokenize", script: `probe begin { for (t = tokenize(",,a b,,c", ", "); t != ""; t = tokenize(", ")) print(t, ";"); println(tokenize(",")); println(tokenize("one two", " "), tokenize("", "x"), "|", tokenize("", "x"), "|")
			println(tokenize("a=b;c", "="), tokenize("", ";"), tokenize("", "")) println(tokenize("whole", "")) }`, want: "a;b;c;\nonetwo||\nabc\nwhole\n"},
	})
}

// TestMemoryFunctions: T003, the functions of tapsets/memory*.stp on memory of the program's own, where the first page cannot be read.
func TestMemoryFunctions(t *testing.T) {
	const data = `function place:long (n:long) %{
		static const char text[] = "one\n\0two";
		static const unsigned short utf16[] = { 'h', 0xe9, 0x20ac, 0xd83d, 0xde00, 0 }, bad[] = { 'x', 0xdc00, 0 };
		static const unsigned int utf32[] = { 'H', 0xe9, 0x1f600, 0 };
		static const unsigned char numbers[] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
		const void *places[] = { text, utf16, utf32, bad, numbers };

		STAP_RETVALUE = (long)places[STAP_ARG_n];
	%} `
	runSemantics(t, []semantics{
		{name: "strings", script: data + `probe begin { a = place(0); println(kernel_string_n(a, 2), user_string_n(a, 3), user_string_n(a, 0), user_string(a, "x"), kernel_string(8, "bad"), user_string(8, "worse"), kernel_string2(8, "k"), user_string2(8, "u"))
			println(user_string_nofault(8), user_string_n_nofault(8, 3), user_string_n(8, 3, "err"), user_string_n2(8, 3, "err2")) println(user_string_warn(8, "w"), user_string_n_warn(8, 3, "n"), user_string_warn(9)) }`,
			want: "[warning: user string copy fault at 0x8]\n[warning: user string copy fault at 0x8]\n[warning: user string copy fault at 0x9]\nononeone\nbadworseku\nerrerr2\nwn\n"},
		{name: "faults", script: `probe begin { try { user_string_n(8, 2) } catch (m) { println(m) } try { x = kernel_string_n(8, 2); println(x) } catch (m) { println(m) } try { println(user_buffer_quoted_error(8, 1, 9)) } catch (m) { println(m) }
			try { println(kernel_buffer_quoted_error(8, 1, 9)) } catch (m) { println(m) } try { println(kernel_int(8)) } catch (m) { println(m) } }`,
			want: "user string copy fault -14 at 0x8 [man error::fault]\nkernel string copy fault at 0x8\nuser string copy fault at 0x8 [man error::fault]\nkernel string copy fault at 0x8\nread fault [man error::fault] at 0x8\n"},
		{name: "quoted", script: data + `probe begin { a = place(0); println(kernel_string_quoted(a), user_string_quoted(a), user_string_quoted(8), user_string_n_quoted(a, 2), user_string_n_quoted(a, 9, 6), user_string_n2_quoted(a, 9, 7))
			println(kernel_buffer_quoted(a, 8), kernel_buffer_quoted(a, 8, 8), user_buffer_quoted(a, 5, 0), kernel_buffer_quoted(16, 8), kernel_or_user_string_quoted(a), kernel_buffer_quoted(a, 0)) }`,
			want: "\"one\\n\"\"one\\n\"0x8\"on\"\"o\"...\"one\\n\"\n\"one\\n\\000two\"\"one\"...\"one\\n\\000\"0x10\"one\\n\"\"\"\n"},
		{name: "UTF-16, UTF-32", script: data + `probe begin { println(kernel_string_utf16(place(1)), user_string_utf32(place(2)), kernel_string_utf16(place(3), "none"), user_string_quoted_utf16(place(1)), kernel_or_user_string_quoted_utf32(place(2)),
			user_string_quoted_utf16(8), user_string2_utf16(8, "u")) try { println(user_string_utf16(place(3))) } catch (m) { println(m =~ "^invalid UTF-16") } }`,
			want: "hé€😀Hé😀none\"h\\u00e9\\u20ac\\U0001f600\"\"H\\u00e9\\U0001f600\"0x8u\n1\n"},
		{name: "numbers", script: data + `probe begin { a = place(4); println(kernel_char(a), " ", kernel_short(a), " ", kernel_int(a), " ", kernel_long(a), " ", kernel_pointer(a) == kernel_long(a), " ", user_char(a), " ", user_ushort(a), " ", user_uint8(a), " ",
			user_int16(a), " ", user_uint32(a), " ", user_uint64(a), " ", user_int64_error(a), " ", user_int(8), user_long_warn(8)) try { println(user_short_error(8)) } catch (m) { println(m) } }`,
			want: "[warning: user memory fault at 0x8]\n-2 -2 -2 -2 1 -2 65534 254 -2 4294967294 -2 -2 00\nread fault [man error::fault] at 0x8\n"},
	})
}

// TestCalendar: T001: ctime, tz_ctime, tz_name, tz_gmtoff.
func TestCalendar(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "ctime", script: `function say(n) { println(ctime(n)) } probe begin { say(0); say(1307492960); say(-2147483648); say(2147483647); say(951782400); say(-1); say(-2203891200 / 2); say(68169600)
			try { say(2147483648) } catch (m) { println(m) } try { say(-2147483649) } catch (m) { println("too") } println(ctime()) }`,
			want: "Thu Jan  1 00:00:00 1970\nWed Jun  8 00:29:20 2011\nFri Dec 13 20:45:52 1901\nTue Jan 19 03:14:07 2038\nTue Feb 29 00:00:00 2000\nWed Dec 31 23:59:59 1969\nThu Jan 31 00:00:00 1935\nTue Feb 29 00:00:00 1972\n" +
				"the time 2147483648 has no date of 24 characters\ntoo\nTue Nov 14 22:13:20 2023\n"},
		{name: "time zone", script: `probe begin { println(tz_ctime(0), " ", tz_name(), tz_gmtoff()) }`, want: "Thu Jan  1 00:00:00 1970 UTC UTC0\n"},
	})
}

// TestIndent: T001: thread_indent, thread_indent_depth, indent, indent_depth.
func TestIndent(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "threads", script: `probe begin { println(thread_indent(1), "a"); println(thread_indent(1), "b"); println(thread_indent(-1), "b"); println(thread_indent(0), "c"); println(thread_indent(-1), "a"); println(thread_indent(2), "d") }`,
			want: "     0 hosted(42):a\n     0 hosted(42): b\n     0 hosted(42): b\n     0 hosted(42):c\n     0 hosted(42):a\n     0 hosted(42): d\n"},
		{name: "all", script: `probe begin { println(indent(1), "a"); println(indent(1), "b"); println(indent_depth(-1), indent_depth(-1), indent_depth(-1), indent_depth(3), thread_indent_depth(1)) }`, want: "     0 :a\n     0 : b\n10020\n"},
	})
}

// TestTerminal: T001: the functions of tapsets/ansi.stp, such as ansi_set_color and ansi_cursor_move.
func TestTerminal(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "colours", script: `probe begin { ansi_set_color(31); ansi_set_color2(31, 40); ansi_set_color3(31, 40, 1); ansi_reset_color() }`, want: "\x1b[31m\x1b[31;40m\x1b[1;31;40m\x1b[0;0m"},
		{name: "cursor", script: `probe begin { ansi_clear_screen(); ansi_cursor_move(2, 5); ansi_cursor_save(); ansi_cursor_restore(); ansi_cursor_hide(); ansi_cursor_show(); ansi_new_line() }`,
			want: "\x1b[1;1H\x1b[J\x1b[5;2H\x1b[s\x1b[u\x1b[?25l\x1b[?25h\n"},
	})
}

// TestNumbers: T300: big_endian2 and the others, WIFEXITED and the others, rcu_dereference, assert.
func TestNumbers(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "byte order", script: `global n = 0x0102030405060708 probe begin { printf("%x %x %x %x %x %x\n", big_endian2(n), big_endian4(n), big_endian8(n), little_endian2(n), little_endian4(n), little_endian8(n)) }`,
			want: "807 8070605 807060504030201 708 5060708 102030405060708\n"},
		{name: "wait status", script: `function w(f) { println(WIFEXITED(f), WEXITSTATUS(f), " ", WIFSIGNALED(f), WTERMSIG(f), WCOREDUMP(f), " ", WIFSTOPPED(f), WSTOPSIG(f), " ", WIFCONTINUED(f)) } probe begin { w(0x300); w(0x8b); w(0x137f); w(0xffff) }`,
			want: "13 000 03 0\n00 1111 00 0\n019 01270 119 0\n0255 01271 0255 1\n"},
		{name: "the rest", script: `probe begin { println(rcu_dereference(5), NULL, @MAXSTRINGLEN); assert(1); try { assert(0) } catch (m) { println(m) } try { print_java_backtrace() } catch (m) { println(m) } }`,
			want: "50512\nAssertion failed\nbacktraces of Java programs are not supported\n"},
	})
}

// TestQueues: T070: @prints, @this1, speculation, and qs_wait and the others of tapsets/queue_stats.stp; the clock stands still, so all times are 0.
func TestQueues(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "without time", script: `probe begin { qsq_start("q"); qs_wait("q"); qs_run("q"); qs_done("q"); qsq_print("q"); println(qsq_service_time("q", 1), qsq_utilization("none", 100)) }`,
			want: "q: 0.000 ops/s, 0.000 qlen, 0 await, 0 svctm, 0% wait, 0% util\n00\n"},
		{name: "speculation", script: `probe begin { a = speculation(); b = speculation(); speculate(a, "x"); speculate(b, "y"); speculate(a, "z\n"); discard(b); commit(b); commit(a); commit(a) }`, want: "xz\n"},
		{name: "this", script: `probe begin { @this1 = 5; @this2 = "two"; println(@this1, @this2) }`, want: "5two\n"},
		{name: "prints", script: `global s, a probe begin { s <<< 3; s <<< 6; a["x", 1] <<< 2; a["y", 2] <<< 3; a["y", 2] <<< 4; @prints(s) @prints2(a) }`,
			want: "@count=2 @min=3 @max=6 @sum=9 @avg=4\n[y,2] @count=2 @min=3 @max=4 @sum=7 @avg=3\n[x,1] @count=1 @min=2 @max=2 @sum=2 @avg=2\n"},
		{name: "try_assign", script: `probe begin { @try_assign(x, 1 % 0, 7) println(x) }`, want: "7\n"},
	})
}
