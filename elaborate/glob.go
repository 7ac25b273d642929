package elaborate

import "strings"

// isGlob reports whether a name is a pattern.
func isGlob(name string) bool { return strings.ContainsAny(name, "*?[") }

// matchPattern reports whether a name is meant by another, which may be a pattern.
func matchPattern(pattern, name string) bool {
	return pattern == name || isGlob(pattern) && matchGlob(pattern, name)
}

// matchGlob matches a name with a shell pattern of "*", "?" and "[…]", in which
// no character is special to "*" (fnmatch(3) without flags).
func matchGlob(pattern, name string) bool {
	for pattern != "" {
		switch pattern[0] {
		case '*':
			rest := strings.TrimLeft(pattern, "*")
			for i := 0; i <= len(name); i++ {
				if matchGlob(rest, name[i:]) {
					return true
				}
			}
			return false
		case '?':
			if name == "" {
				return false
			}
		case '[':
			end := strings.IndexByte(pattern[1:], ']')
			if end > 0 {
				if name == "" || !inClass(pattern[1:1+end], name[0]) {
					return false
				}
				pattern, name = pattern[end+2:], name[1:]
				continue
			}
			fallthrough
		default:
			if name == "" || name[0] != pattern[0] {
				return false
			}
		}
		pattern, name = pattern[1:], name[1:]
	}
	return name == ""
}

// inClass matches a byte with what stands in "[…]".
func inClass(class string, b byte) bool {
	negated := class[0] == '!' || class[0] == '^'
	if negated {
		class = class[1:]
	}
	for class != "" {
		low, high := class[0], class[0]
		class = class[1:]
		if len(class) >= 2 && class[0] == '-' {
			high, class = class[1], class[2:]
		}
		if low <= b && b <= high {
			return !negated
		}
	}
	return negated
}
