package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// debuginfod asks servers for debuginfo by build-id (debuginfod(8)):
// GET URL/buildid/ID/debuginfo. What they give is kept.
type debuginfod struct {
	urls    []string
	folder  string        // …/ID/debuginfo
	timeout time.Duration // without a byte
}

// debuginfodServers reads what the variables of debuginfod's own clients say:
// DEBUGINFOD_URLS, without which no server is asked, DEBUGINFOD_TIMEOUT in seconds
// and DEBUGINFOD_CACHE_PATH.
func debuginfodServers(cache string) (*debuginfod, error) {
	d := &debuginfod{folder: filepath.Join(cache, "debuginfod"), timeout: 90 * time.Second}
	for url := range strings.FieldsSeq(os.Getenv("DEBUGINFOD_URLS")) {
		if strings.HasPrefix(url, "http://") || strings.HasPrefix(url, "https://") { // others, such as ima:enforcing, are no servers
			d.urls = append(d.urls, strings.TrimRight(url, "/"))
		}
	}
	if folder := os.Getenv("DEBUGINFOD_CACHE_PATH"); folder != "" {
		d.folder = folder
	}
	if text := os.Getenv("DEBUGINFOD_TIMEOUT"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 0 {
			return nil, &UserError{Message: fmt.Sprintf("DEBUGINFOD_TIMEOUT is %q, which is not a number of seconds", text)}
		}
		if seconds > 0 {
			d.timeout = time.Duration(seconds) * time.Second
		}
	}
	return d, nil
}

var errNotServed = errors.New("not there")

// debuginfo gives the file with the debuginfo of that build-id, "" if there is no
// server to ask. The error says of the last server why not.
func (d *debuginfod) debuginfo(ctx context.Context, id, what string, progress Progress) (string, error) {
	if id == "" {
		return "", nil
	}
	s := &search{id: id}
	kept := filepath.Join(d.folder, id, "debuginfo")
	if s.first([]string{kept}) != "" {
		return kept, nil
	}
	var failure error
	for _, url := range d.urls {
		progress.Step(fmt.Sprintf("asking %s for the debuginfo of %s", url, what))
		err := d.fetch(ctx, url+"/buildid/"+id+"/debuginfo", kept, s, progress)
		if err == nil {
			return kept, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if failure == nil || !errors.Is(err, errNotServed) {
			failure = fmt.Errorf("%s: %w", url, err)
		}
	}
	return "", failure
}

// fetch puts what the server gives in its place, if it is what was asked for.
func (d *debuginfod) fetch(ctx context.Context, url, place string, s *search, progress Progress) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(d.timeout, func() { cancel(fmt.Errorf("no answer for %v", d.timeout)) })
	defer silence.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return causeOf(ctx, err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return errNotServed
	default:
		return fmt.Errorf("it says %q", response.Status)
	}
	folder := filepath.Dir(place)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return explainWrite(folder, err)
	}
	file, err := os.CreateTemp(folder, ".debuginfo-*")
	if err != nil {
		return explainWrite(folder, err)
	}
	defer os.Remove(file.Name()) // is gone when all went well
	defer file.Close()
	body := &watchedReader{Reader: response.Body, total: response.ContentLength, progress: progress,
		alive: func() { silence.Reset(d.timeout) }}
	if _, err := io.Copy(file, body); err != nil {
		return explainWrite(folder, causeOf(ctx, err))
	}
	if s.first([]string{file.Name()}) == "" {
		return fmt.Errorf("what it gives is not the debuginfo of build-id %s", s.id)
	}
	if err := file.Chmod(0o644); err != nil {
		return err
	}
	return os.Rename(file.Name(), place)
}

// causeOf gives the reason for which a context was ended, where that is the cause of
// an error.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// watchedReader tells how far reading has come.
type watchedReader struct {
	io.Reader
	done, total int64
	progress    Progress
	alive       func()
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.alive()
	r.done += int64(n)
	if r.total > 0 {
		r.progress.Download(r.done, r.total)
	}
	return n, err
}
