package elaborate

import "github.com/gostap/gostap/parse"

// NeverPlace is no place at all: probe never. Its handler is checked as any other
// and does not run.
type NeverPlace struct{}

func (NeverPlace) order() order { return order{stage: stageEnd} }

func neverFamily() family {
	return family{
		patterns: []string{"never"},
		resolve: func(_ *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
			return oneSite(NeverPlace{}, p), nil
		},
	}
}
