package kbuild

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Cache is a folder of finished modules and recorded builds, shared by any
// number of processes.
type Cache struct {
	root string
}

// Limits of the cache, as files in its folder that a user may edit.
const (
	sizeLimitFile        = "cache_mb_limit"
	defaultSizeLimitMB   = 256
	cleanIntervalFile    = "cache_clean_interval_s"
	defaultCleanInterval = 300
)

// temporaryPrefix marks entries that are being made; those older than
// abandonedAfter were left by a process that was killed.
const (
	temporaryPrefix = "new-"
	abandonedAfter  = time.Hour
)

// OpenCache uses the folder as a cache and makes it when it is missing.
func OpenCache(folder string) (*Cache, error) {
	if err := os.MkdirAll(filepath.Join(folder, "kernel"), 0o755); err != nil {
		return nil, explainDisk(folder, err)
	}
	return &Cache{root: folder}, nil
}

func (c *Cache) modulePath(key string) string {
	return filepath.Join(c.root, key[:2], "stap_"+key+".ko")
}

// module gives the finished module of a key, and marks it as used.
func (c *Cache) module(key string) (string, bool) {
	path := c.modulePath(key)
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 {
		return "", false
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // a cache that one may only read still serves
	return path, true
}

// addModule keeps a finished module, then removes old ones if it is time to.
func (c *Cache) addModule(key, module string) error {
	data, err := os.ReadFile(module)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.modulePath(key)), 0o755); err != nil {
		return err
	}
	if err := writeWhole(c.root, c.modulePath(key), data); err != nil {
		return err
	}
	return c.clean(false)
}

// keptKernel is the recorded build of one kernel and configuration.
type keptKernel struct {
	folder string
	recipe *recipe
}

// kernel gives the recorded build of a key; fs.ErrNotExist when there is none.
func (c *Cache) kernel(key string) (*keptKernel, error) {
	folder := filepath.Join(c.root, "kernel", key)
	text, err := os.ReadFile(filepath.Join(folder, "recipe.json"))
	if err != nil {
		return nil, err
	}
	var r recipe
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is damaged: %w", folder, err), os.RemoveAll(folder))
	}
	return &keptKernel{folder: folder, recipe: &r}, nil
}

// addKernel keeps a recorded build and its objects.
func (c *Cache) addKernel(key string, r *recipe, from string) error {
	folder := filepath.Join(c.root, "kernel", key)
	temporary, err := os.MkdirTemp(c.root, temporaryPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	for _, object := range r.Objects {
		data, err := os.ReadFile(filepath.Join(from, object))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(temporary, object), data, 0o644); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(temporary, "recipe.json"), text, 0o644); err != nil {
		return err
	}
	if err := os.Chmod(temporary, 0o755); err != nil {
		return err
	}
	if _, err := os.Stat(folder); err == nil {
		if err := os.RemoveAll(folder); err != nil { // it failed to serve
			return err
		}
	}
	err = os.Rename(temporary, folder)
	if errors.Is(err, fs.ErrExist) {
		return nil // somebody else was faster
	}
	return err
}

// addObject puts one more object into a kept kernel's folder.
func (k *keptKernel) addObject(object, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeWhole(k.folder, filepath.Join(k.folder, object), data)
}

// writeWhole makes a file that others see with all its data or not at all, by way
// of a temporary one in a folder of the same disk.
func writeWhole(folder, path string, data []byte) error {
	temporary, err := os.CreateTemp(folder, temporaryPrefix)
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(data)
	if err := errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// Clean removes what exceeds the size limit, oldest first.
func (c *Cache) Clean() error { return c.clean(true) }

func (c *Cache) clean(now bool) error {
	interval, err := c.limit(cleanIntervalFile, defaultCleanInterval)
	if err != nil {
		return err
	}
	stamp := filepath.Join(c.root, cleanIntervalFile)
	if info, err := os.Stat(stamp); err == nil && !now && time.Since(info.ModTime()) < time.Duration(interval)*time.Second {
		return nil
	}
	// The time at which the interval's file was written is that of the last cleaning.
	_ = os.Chtimes(stamp, time.Now(), time.Now())
	megabytes, err := c.limit(sizeLimitFile, defaultSizeLimitMB)
	if err != nil {
		return err
	}
	return c.shrink(megabytes << 20)
}

// limit reads a number from a file of the cache, which is made when missing.
func (c *Cache) limit(name string, standard int64) (int64, error) {
	path := filepath.Join(c.root, name)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		past := time.Unix(0, 0)
		err = os.WriteFile(path, []byte(fmt.Sprintln(standard)), 0o644)
		return standard, errors.Join(err, os.Chtimes(path, past, past))
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n < 0 {
		return standard, nil
	}
	return n, nil
}

// shrink removes the modules that were not used for longest until the rest
// fits, and what killed processes left.
func (c *Cache) shrink(limit int64) error {
	type entry struct {
		path string
		size int64
		used time.Time
	}
	var entries []entry
	var total int64
	modules, err := filepath.Glob(filepath.Join(c.root, "??", "stap_*.ko"))
	if err != nil {
		return err
	}
	for _, path := range modules {
		if info, err := os.Stat(path); err == nil {
			entries = append(entries, entry{path, info.Size(), info.ModTime()})
			total += info.Size()
		}
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].used.Before(entries[j].used) })
	for _, e := range entries {
		if total <= limit {
			break
		}
		if os.Remove(e.path) == nil {
			total -= e.size
		}
	}
	abandoned, err := filepath.Glob(filepath.Join(c.root, temporaryPrefix+"*"))
	for _, path := range abandoned {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > abandonedAfter {
			os.RemoveAll(path)
		}
	}
	return err
}

// Path gives where the finished module of that name lies.
func (c *Cache) Path(name string) (string, bool) {
	key, ok := strings.CutPrefix(name, "stap_")
	if !ok || len(key) < 2 {
		return "", false
	}
	path := c.modulePath(key)
	_, err := os.Stat(path)
	return path, err == nil
}
