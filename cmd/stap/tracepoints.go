package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
)

// tracepoints is what pass 2 has asked for of the systems of tracepoints.
type tracepoints struct {
	written map[string]string            // of the kernel's own, by what its headers say
	built   map[string]string            // and by the data of its image
	modules map[string]map[string]string // of those of the modules
}

// traceSystem gives the system of a tracepoint of the kernel or a module; "" if
// nothing at hand tells.
func (d *driver) traceSystem(object, name string) (string, error) {
	if object != kernelObject {
		return d.moduleTraceSystem(object, name)
	}
	k, err := d.findKernel()
	if err != nil {
		return "", err
	}
	known := &d.objects.tracepoints
	if known.written == nil {
		if known.written, err = k.TraceSystems(); err != nil {
			return "", err
		}
	}
	if system := known.written[name]; system != "" {
		return system, nil
	}
	if known.built == nil {
		known.built = map[string]string{}
		data, err := k.Kept("trace-systems", d.imageTraceSystems)
		var missing *kernel.UserError
		switch {
		case errors.As(err, &missing): // there is no image to be read
		case err != nil:
			return "", err
		default:
			if err := json.Unmarshal(data, &known.built); err != nil {
				return "", fmt.Errorf("trace events of kernel %s: %w", k.Release, err)
			}
		}
	}
	return known.built[name], nil
}

// imageTraceSystems reads the systems out of an unpacked kernel image.
func (d *driver) imageTraceSystems(vmlinux []byte) ([]byte, error) {
	layout, err := d.eventLayout()
	if err != nil {
		return nil, err
	}
	image, err := debuginfo.NewImage(d.kernel.Image, vmlinux)
	if err != nil {
		return nil, err
	}
	systems, err := image.TraceSystems(layout)
	if err != nil {
		return nil, err
	}
	return json.Marshal(systems)
}

func (d *driver) eventLayout() (debuginfo.EventLayout, error) {
	btf, err := d.btf()
	if err != nil {
		return debuginfo.EventLayout{}, err
	}
	return btf.EventLayout()
}

func (d *driver) moduleTraceSystem(module, name string) (string, error) {
	systems, err := once(&d.objects.tracepoints.modules, module, func() (map[string]string, error) {
		image, err := d.image(module)
		if err != nil {
			return nil, err
		}
		layout, err := d.eventLayout()
		if err != nil {
			return nil, err
		}
		return moduleTracepoints(image, layout)
	})
	return systems[name], err
}

// moduleTracepoints gives the tracepoints that a module defines with their systems,
// "" for one that is no event.
func moduleTracepoints(image *debuginfo.Image, layout debuginfo.EventLayout) (map[string]string, error) {
	names, err := image.TracepointNames()
	if err != nil || names == nil {
		return nil, err
	}
	systems, err := image.TraceSystems(layout)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, name := range names {
		found[name] = systems[name]
	}
	return found, nil
}

// tracedModules gives the tracepoints of all modules, by module and name, with
// their systems. To find them takes a look into each module, once.
func (d *driver) tracedModules() (map[string]map[string]string, error) {
	k, err := d.findKernel()
	if err != nil {
		return nil, err
	}
	files, err := k.Modules()
	var missing *kernel.UserError
	if errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data, err := k.KeptOfModules("tracepoints", func() ([]byte, error) {
		layout, err := d.eventLayout()
		if err != nil {
			return nil, err
		}
		found, err := readTracepoints(files, layout)
		if err != nil {
			return nil, err
		}
		return json.Marshal(found)
	})
	if err != nil {
		return nil, fmt.Errorf("tracepoints of the modules of kernel %s: %w", k.Release, err)
	}
	var found map[string]map[string]string
	if err := json.Unmarshal(data, &found); err != nil {
		return nil, fmt.Errorf("tracepoints of the modules of kernel %s: %w", k.Release, err)
	}
	d.objects.tracepoints.modules = found
	return found, nil
}

// readTracepoints looks into modules' files, several at a time.
func readTracepoints(files map[string]string, layout debuginfo.EventLayout) (map[string]map[string]string, error) {
	found := map[string]map[string]string{}
	var failure error
	var mutex sync.Mutex
	next := make(chan string)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for name := range next {
				tracepoints, err := readModule(files[name], layout)
				mutex.Lock()
				if tracepoints != nil {
					found[name] = tracepoints
				}
				if err != nil && failure == nil {
					failure = fmt.Errorf("module %s: %w", files[name], err)
				}
				mutex.Unlock()
			}
		})
	}
	for name := range files {
		next <- name
	}
	close(next)
	workers.Wait()
	return found, failure
}

func readModule(path string, layout debuginfo.EventLayout) (map[string]string, error) {
	data, err := kernel.ReadModule(path)
	if err != nil {
		return nil, err
	}
	image, err := debuginfo.NewImage(path, data)
	if err != nil {
		return nil, err
	}
	return moduleTracepoints(image, layout)
}
