//go:build linux

package embedded

import (
	"errors"
	"fmt"
	"net/http"
	"os"

	httpsource "github.com/moby/buildkit/source/http"
	"github.com/moby/buildkit/util/tracing"
	"github.com/moby/buildkit/worker/base"
)

// fetchWith lets a worker fetch files with a transport. BuildKit's worker takes no option for it, but a source
// that is registered later takes the place of the one before.
func fetchWith(w *base.Worker, transport http.RoundTripper) error {
	source, err := httpsource.NewSource(httpsource.Opt{CacheAccessor: w.CacheMgr, Transport: tracing.NewTransport(transport)})
	if err != nil {
		return fmt.Errorf("cannot prepare downloads: %w", err)
	}
	w.SourceManager.Register(source)
	w.HTTPSource = source
	return nil
}

// setVariables sets variables of this process until the returned function is called. It is the one place where
// a setting goes through the process: BuildKit's git source runs git with the proxies of the process, and takes no
// others. Image tests, RUN steps and our own requests do not look there.
func setVariables(vars map[string]string) (restore func() error, err error) {
	outer := map[string]*string{}
	restore = func() error {
		var errs []error
		for name, value := range outer {
			if os.Getenv(name) != vars[name] { // another engine has set it since
				continue
			}
			if value == nil {
				errs = append(errs, os.Unsetenv(name))
			} else {
				errs = append(errs, os.Setenv(name, *value))
			}
		}
		return errors.Join(errs...)
	}
	for name, value := range vars {
		if before, ok := os.LookupEnv(name); ok {
			outer[name] = &before
		} else {
			outer[name] = nil
		}
		if err := os.Setenv(name, value); err != nil {
			return restore, fmt.Errorf("cannot tell BuildKit where temporary files go, and git of the proxies: %w", err) // a value may hold a password; err has none
		}
	}
	return restore, nil
}
