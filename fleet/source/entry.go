package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/problem"
)

// entryScheme says what an entry tells: since 1 what the checkout lacks.
const entryScheme = 1

// entry is what is kept beside a checkout's tree.
type entry struct {
	Repository string       `json:"repository"` // without credentials, for people
	Commit     string       `json:"commit"`
	Time       int64        `json:"time"` // seconds since 1970
	Scheme     int          `json:"scheme,omitempty"`
	Missing    []missing    `json:"missing,omitempty"`    // submodules that could not be had
	Unfiltered []unfiltered `json:"unfiltered,omitempty"` // files that their filters have not made
	// Filters is what git knew of those filters; empty when another attempt may give other files.
	Filters string `json:"filters,omitempty"`
}

// entry reads that of the checkout; the error is fs.ErrNotExist when there is none.
func (m *maker) entry() (e entry, err error) {
	data, err := os.ReadFile(filepath.Join(m.dir(), entryFile))
	if errors.Is(err, os.ErrNotExist) {
		return e, err
	}
	if err == nil {
		err = json.Unmarshal(data, &e)
	}
	if err == nil && e.Scheme < entryScheme && !m.wish.NoFilters {
		e.Unfiltered, err = oldPointers(filepath.Join(m.dir(), treeDir))
	}
	if err != nil {
		return e, problem.Withf(fmt.Errorf("cannot read the checkout: %w", err), "remove %s", m.dir())
	}
	if e.Scheme < entryScheme {
		e.Scheme = entryScheme
		_ = e.write(m.dir()) // else it is found out again
	}
	return e, nil
}

// write puts an entry into a folder, whole or not at all.
func (e entry) write(dir string) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("internal error: cannot encode a checkout: %w", err)
	}
	f, err := os.CreateTemp(dir, entryFile+".")
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, entryFile))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func (m *maker) writeEntry(ctx context.Context, f *fetcher, dir string, when int64) error {
	e := entry{Repository: display(m.git.URL), Commit: m.commit, Time: when, Scheme: entryScheme, Missing: f.missing, Unfiltered: f.unfiltered}
	if len(e.Unfiltered) > 0 && !f.again {
		var err error
		if e.Filters, err = m.r.filterState(ctx, f.temp, m.doing, e.Unfiltered); err != nil {
			return err
		}
	}
	if err := e.write(dir); err != nil {
		return fmt.Errorf("cannot write the checkout: %w", err)
	}
	return nil
}
