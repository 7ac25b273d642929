package vm

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"strings"

	"github.com/gostap/gostap/kernel"
)

// transportModules are what the agent's port needs, where a kernel has them
// as modules.
var transportModules = []string{"virtio_pci", "virtio_console"}

// module is a loadable module of a kernel, uncompressed.
type module struct {
	name       string
	parameters string
	image      []byte
}

// moduleLibrary is a kernel's lib/modules/RELEASE folder, by module name.
type moduleLibrary struct {
	folder  string
	paths   map[string]string // module name → file
	builtin map[string]bool
}

func openModules(folder string) (*moduleLibrary, error) {
	files, err := kernel.ModuleFiles(folder)
	if err != nil {
		return nil, unreadable("the kernel's modules", folder, err)
	}
	builtin, err := kernel.BuiltinModules(folder)
	if err != nil {
		return nil, unreadable("the kernel's list of built-in modules", folder, err)
	}
	return &moduleLibrary{folder: folder, paths: files, builtin: builtin}, nil
}

// resolve returns the wanted modules, each preceded by what it depends on and
// none twice. An entry of wanted is a name, then parameters if any. What is
// built into the kernel needs no loading.
func (l *moduleLibrary) resolve(wanted []string) ([]module, error) {
	var order []module
	known := map[string]bool{}
	var visit func(name, parameters, reason string) error
	visit = func(name, parameters, reason string) error {
		name = strings.ReplaceAll(name, "-", "_")
		if known[name] || l.builtin[name] {
			return nil
		}
		known[name] = true
		path, found := l.paths[name]
		if !found {
			return &UserError{
				Message: fmt.Sprintf("the guest's kernel has no module %s%s", name, reason),
				Hint:    "modules are looked for in " + l.folder,
			}
		}
		image, err := kernel.ReadModule(path)
		if err != nil {
			return fmt.Errorf("module %s: %w", path, err)
		}
		depends, err := dependencies(image)
		if err != nil {
			return fmt.Errorf("module %s: %w", path, err)
		}
		for _, other := range depends {
			if err := visit(other, "", ", which "+name+" needs"); err != nil {
				return err
			}
		}
		order = append(order, module{name: name, parameters: parameters, image: image})
		return nil
	}
	for _, entry := range wanted {
		name, parameters, _ := strings.Cut(entry, " ")
		if err := visit(name, parameters, ""); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// dependencies reads a module's depends= entry out of its .modinfo section,
// a row of NAME=value strings, each with a NUL at its end.
func dependencies(image []byte) ([]string, error) {
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	section := file.Section(".modinfo")
	if section == nil {
		return nil, errors.New("no .modinfo section")
	}
	data, err := section.Data()
	if err != nil {
		return nil, err
	}
	for entry := range strings.SplitSeq(string(data), "\x00") {
		if list, found := strings.CutPrefix(entry, "depends="); found && list != "" {
			return strings.Split(list, ","), nil
		}
	}
	return nil, nil
}
