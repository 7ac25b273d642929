package elaborate

import "github.com/gostap/gostap/parse"

// match checks "s =~ "pattern"" and "s !~ "pattern"".
func (c *checker) match(x *parse.Binary) Expression {
	c.fail(x.Token, "regular expressions are not in this version")
	return nil
}
