package staprun

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gostap/gostap/kernel/modulefile"
)

// GlobalInfo is the entry of a module's .modinfo section that lists the globals
// that can be set when it is loaded, each as NAME:long or NAME:string.
const GlobalInfo = "stap_global"

// globalParameters turns NAME=VALUE into parameters of the module, which has
// one for all of them (runtime-c/stap/global.c).
func globalParameters(settings []string, image []byte) ([]string, error) {
	if len(settings) == 0 {
		return nil, nil
	}
	entries, err := modulefile.Entries(image, GlobalInfo)
	if err != nil {
		return nil, err
	}
	types := map[string]string{}
	for _, entry := range entries {
		name, kind, _ := strings.Cut(entry, ":")
		types[name] = kind
	}
	var parameters []string
	for _, setting := range settings {
		name, value, found := strings.Cut(setting, "=")
		switch {
		case !found:
			return nil, &UserError{Message: fmt.Sprintf("%s: globals are set by NAME=VALUE", setting)}
		case types[name] == "":
			return nil, &UserError{Message: fmt.Sprintf("%s: the script has no scalar global of this name that can be set", setting)}
		case types[name] == "long":
			if _, err := strconv.ParseInt(value, 0, 64); err != nil {
				return nil, &UserError{Message: fmt.Sprintf("%s: the global %s is a number", setting, name)}
			}
		case strings.ContainsAny(value, "\"\n"):
			return nil, &UserError{Message: fmt.Sprintf("%s: a text with a quote or the end of a line cannot be given to a module: use stap -G", setting)}
		}
		parameters = append(parameters, fmt.Sprintf("global=\"%s\"", setting))
	}
	return parameters, nil
}
