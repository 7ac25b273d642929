package main

import (
	"fmt"
	"path/filepath"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
)

// objects are what pass 2 has asked for of the kernel and its modules, each read
// once, and given as long as the program runs.
type objects struct {
	btf         *debuginfo.BTF
	debugInfo   map[string]*debuginfo.Object
	images      map[string]*debuginfo.Image
	symbols     map[string]*debuginfo.SymbolTable
	moduleBTFs  map[string]*debuginfo.BTF
	tracepoints tracepoints
}

// kernelObject is what pass 2 calls the kernel itself.
const kernelObject = "kernel"

// debuginfoFolder is where what has been made of debuginfo is kept, in the cache folder.
const debuginfoFolder = "debuginfo"

// once gives what has been made for an object, or makes it.
func once[T any](made *map[string]T, object string, make func() (T, error)) (T, error) {
	if done, ok := (*made)[object]; ok {
		return done, nil
	}
	done, err := make()
	if err != nil {
		return done, err
	}
	if *made == nil {
		*made = map[string]T{}
	}
	(*made)[object] = done
	return done, nil
}

// btf reads what the kernel says of its types.
func (d *driver) btf() (*debuginfo.BTF, error) {
	if d.objects.btf != nil {
		return d.objects.btf, nil
	}
	k, err := d.findKernel()
	if err != nil {
		return nil, err
	}
	data, err := k.BTFData()
	if err != nil {
		return nil, err
	}
	d.objects.btf, err = debuginfo.ParseBTF(data)
	return d.objects.btf, err
}

// debugInfo opens an object's DWARF. Where servers are asked for it, that can take
// long: it ends with the run.
func (d *driver) debugInfo(object string) (*debuginfo.Object, error) {
	return once(&d.objects.debugInfo, object, func() (*debuginfo.Object, error) {
		k, err := d.findKernel()
		if err != nil {
			return nil, err
		}
		path, err := k.DebuginfoOf(d.interrupted, object, newProgress(d.stderr))
		if err != nil {
			return nil, err
		}
		folder, err := kernel.CacheFolder()
		if err != nil {
			return nil, err
		}
		return debuginfo.Open(object, path, filepath.Join(folder, debuginfoFolder))
	})
}

// image opens a module's file.
func (d *driver) image(module string) (*debuginfo.Image, error) {
	return once(&d.objects.images, module, func() (*debuginfo.Image, error) {
		k, err := d.findKernel()
		if err != nil {
			return nil, err
		}
		path, err := k.Module(module)
		if err != nil {
			return nil, err
		}
		return debuginfo.OpenImage(path)
	})
}

// moduleBTF reads what a module says of its types.
func (d *driver) moduleBTF(module string) (*debuginfo.BTF, error) {
	return once(&d.objects.moduleBTFs, module, func() (*debuginfo.BTF, error) {
		base, err := d.btf()
		if err != nil {
			return nil, err
		}
		k, err := d.findKernel()
		if err != nil {
			return nil, err
		}
		if data, err := k.LoadedModuleBTF(module); err != nil || data != nil {
			if err != nil {
				return nil, fmt.Errorf("BTF of module %s: %w", module, err)
			}
			return debuginfo.ParseModuleBTF(data, nil, base)
		}
		image, err := d.image(module)
		if err != nil {
			return nil, err
		}
		data, err := image.Section(".BTF")
		if err != nil {
			return nil, err
		}
		ownBase, err := image.Section(".BTF.base")
		if err != nil {
			return nil, err
		}
		if data == nil {
			return nil, &kernel.UserError{
				Message: fmt.Sprintf("the module %s carries no BTF", module),
				Hint:    "it was built without CONFIG_DEBUG_INFO_BTF_MODULES; with its debuginfo (`stap prep --debuginfo=" + module + "`) stap does without",
			}
		}
		return debuginfo.ParseModuleBTF(data, ownBase, base)
	})
}

// symbols reads the symbols of the kernel or of a module.
func (d *driver) symbols(object string) (*debuginfo.SymbolTable, error) {
	return once(&d.objects.symbols, object, func() (*debuginfo.SymbolTable, error) {
		if object == kernelObject {
			return d.kernelSymbols()
		}
		image, err := d.image(object)
		if err != nil {
			return nil, err
		}
		return image.SymbolTable()
	})
}

// kernelSymbols takes the kernel's symbols from wherever they are at hand: its
// image, whose table is kept; a vmlinux; or what the running kernel says.
func (d *driver) kernelSymbols() (*debuginfo.SymbolTable, error) {
	k, err := d.findKernel()
	if err != nil {
		return nil, err
	}
	if k.Image == "" && k.Debuginfo == "" && k.Running {
		text, err := k.Kallsyms()
		if err != nil {
			return nil, err
		}
		symbols, err := debuginfo.ParseKallsyms(text, "")
		if err != nil {
			return nil, &kernel.UserError{Message: err.Error(), Hint: "run as root, or have `stap prep` fetch the kernel's image", Cause: err}
		}
		return debuginfo.NewSymbolTable(symbols, debuginfo.Places{}), nil
	}
	data, err := k.Kept(debuginfo.SymbolFormat, func(vmlinux []byte) ([]byte, error) {
		image, err := debuginfo.NewImage("vmlinux", vmlinux)
		if err != nil {
			return nil, err
		}
		table, err := image.SymbolTable()
		if err != nil {
			return nil, err
		}
		return table.Bytes(), nil
	})
	if err != nil {
		return nil, fmt.Errorf("symbols of kernel %s: %w", k.Release, err)
	}
	return debuginfo.ReadSymbolTable(data)
}

// buildID gives the build-id of the kernel or of a module.
func (d *driver) buildID(object string) (string, error) {
	if object != kernelObject {
		image, err := d.image(object)
		if err != nil {
			return "", err
		}
		return image.BuildID(), nil
	}
	k, err := d.findKernel()
	if err != nil {
		return "", err
	}
	return k.BuildID()
}

// lineTable gives the lines of an object's code, which are kept by build-id.
func (d *driver) lineTable(object string) (*debuginfo.LineTable, error) {
	id, err := d.buildID(object)
	if err != nil {
		return nil, err
	}
	folder, err := kernel.CacheFolder()
	if err != nil {
		return nil, err
	}
	if table := debuginfo.KeptLineTable(filepath.Join(folder, debuginfoFolder), id); table != nil {
		return table, nil
	}
	info, err := d.debugInfo(object)
	if err != nil {
		return nil, err
	}
	return info.LineTable()
}

// modules lists what is and what could be a module of the kernel.
func (d *driver) modules() (elaborate.ModuleList, error) { return d.findKernel() }

// header reads a header of the kernel's source.
func (d *driver) header(path string) ([]byte, error) {
	k, err := d.findKernel()
	if err != nil {
		return nil, err
	}
	return k.Header(path)
}
