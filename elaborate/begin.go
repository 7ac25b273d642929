package elaborate

import "github.com/gostap/gostap/parse"

type (
	// BeginPlace is the start of a session: probe begin, begin(n).
	BeginPlace struct{ Priority int64 }

	// EndPlace is its regular end: probe end, end(n).
	EndPlace struct{ Priority int64 }

	// ErrorPlace is its end after a run-time error: probe error, error(n).
	ErrorPlace struct{ Priority int64 }
)

func (p BeginPlace) order() order { return order{stageBegin, p.Priority} }
func (p EndPlace) order() order   { return order{stageEnd, p.Priority} }
func (p ErrorPlace) order() order { return order{stageEnd, p.Priority} }

func beginFamily() family {
	return family{
		patterns: []string{"begin", "begin(number)", "end", "end(number)", "error", "error(number)"},
		resolve: func(_ *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
			c := p.Components[0]
			priority := numberArgument(c)
			switch c.Text {
			case "begin":
				return oneSite(BeginPlace{priority}, p), nil
			case "end":
				return oneSite(EndPlace{priority}, p), nil
			}
			return oneSite(ErrorPlace{priority}, p), nil
		},
	}
}
