package elaborate

import "github.com/gostap/gostap/parse"

// ProfilePlace is the kernel's tick on each CPU, with what it interrupts there:
// probe timer.profile.tick.
type ProfilePlace struct{}

func (ProfilePlace) order() order { return order{stage: stageArm} }

func profileFamily() family {
	return family{
		patterns: []string{"timer.profile.tick"},
		resolve: func(_ *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
			return oneSite(ProfilePlace{}, p), nil
		},
	}
}
