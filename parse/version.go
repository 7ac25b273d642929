package parse

// Compatible is the version of the language that scripts are read as when
// --compatible does not name another one; systemtap_v is compared with it.
const Compatible = "5.6"

// since says whether the language that is asked for has what came with a
// version.
func (o *Options) since(version string) bool {
	return o.Compatible == "" || compareVersions(o.Compatible, version) >= 0
}

// compareVersions is negative if a is older than b, 0 if they are equal, else
// positive. The order is that of strverscmp: runs of digits are compared as
// numbers, those that begin with 0 as fractions, and all else byte by byte.
//
//	000 < 00 < 01 < 010 < 09 < 0 < 1 < 9 < 10
func compareVersions(a, b string) int {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	if at == len(a) && at == len(b) {
		return 0
	}
	begin := at
	for begin > 0 && isDigit(a[begin-1]) {
		begin--
	}
	x := a[begin : begin+span(a[begin:], isDigit)]
	y := b[begin : begin+span(b[begin:], isDigit)]
	if x != "" && y != "" && x != y {
		return compareDigits(x, y)
	}
	return byteAt(a, at) - byteAt(b, at)
}

// byteAt gives a byte, or 0 behind the end.
func byteAt(text string, at int) int {
	if at < len(text) {
		return int(text[at])
	}
	return 0
}

// compareDigits compares two runs of digits that differ.
func compareDigits(x, y string) int {
	isZero := func(c byte) bool { return c == '0' }
	xZeros, yZeros := 0, 0 // of a fraction
	if len(x) > 1 {
		xZeros = span(x, isZero)
	}
	if len(y) > 1 {
		yZeros = span(y, isZero)
	}
	switch {
	case xZeros != yZeros:
		return yZeros - xZeros
	case xZeros == 0 && len(x) != len(y):
		return len(x) - len(y)
	case x < y:
		return -1
	}
	return 1
}

// hasWildcard says whether matchGlob would do more than compare.
func hasWildcard(pattern string) bool {
	for i := 0; i < len(pattern); i++ {
		if c := pattern[i]; c == '*' || c == '?' || c == '[' {
			return true
		}
	}
	return false
}

// matchGlob says whether a shell pattern fits a whole text: "*" any bytes, "?"
// any byte, "[a-z]" and "[!a-z]" one of them or none, "\" the next byte itself.
func matchGlob(pattern, text string) bool {
	star, mark := -1, 0 // where to go on after the last "*", and what it has covered
	p, t := 0, 0
	for t < len(text) || p < len(pattern) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			star, mark = p, t
			continue
		}
		if p < len(pattern) && t < len(text) {
			if length := matchOne(pattern[p:], text[t]); length > 0 {
				p += length
				t++
				continue
			}
		}
		if star < 0 || mark == len(text) {
			return false
		}
		mark++
		p, t = star, mark
	}
	return true
}

// matchOne gives the length of what stands for one byte at the beginning of a
// pattern, or 0 if it does not stand for c.
func matchOne(pattern string, c byte) int {
	switch pattern[0] {
	case '?':
		return 1
	case '\\':
		if len(pattern) > 1 {
			if pattern[1] == c {
				return 2
			}
			return 0
		}
	case '[':
		if length, found := matchSet(pattern, c); length > 0 {
			if found {
				return length
			}
			return 0
		}
	}
	if pattern[0] == c {
		return 1
	}
	return 0
}

// matchSet reads "[a-z_]" and says whether c is in it. The length is 0 if there
// is no end to it, for then a "[" is itself.
func matchSet(pattern string, c byte) (length int, found bool) {
	i := 1
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	for first := true; i < len(pattern) && (first || pattern[i] != ']'); first = false {
		low := pattern[i]
		high := low
		if i+2 < len(pattern) && pattern[i+1] == '-' && pattern[i+2] != ']' {
			high = pattern[i+2]
			i += 2
		}
		found = found || low <= c && c <= high
		i++
	}
	if i >= len(pattern) {
		return 0, false
	}
	return i + 1, found != negated
}
