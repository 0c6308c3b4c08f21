package source

import (
	"cmp"
	"time"
)

// Repositories looks up and checks out git repositories. Its methods may be
// called side by side, and by several processes with the same cache.
type Repositories struct {
	// Cache is the folder of the checkouts; it is made when it is needed.
	Cache string
	// Program is git: a path, or a name that is looked up; empty for "git".
	Program string
	// Env is the whole environment of git; nil means this process's own.
	Env []string
	// Parallel bounds the repositories that are asked at once; 0 means 8.
	Parallel int
	// ResolveTimeout bounds one question to one repository, FetchTimeout one
	// Fetch; 0 means a minute and an hour.
	ResolveTimeout, FetchTimeout time.Duration
	// MaxBytes and MaxFiles bound one checkout with its submodules and what
	// filters make of its files, MaxBytes what is downloaded for it too; 0 means
	// 10 GiB and a million.
	MaxBytes int64
	MaxFiles int
	// Progress, if not nil, is called with each line that git says of a Fetch,
	// without credentials; from several goroutines when there are several.
	Progress func(g Git, line string)
}

// New makes Repositories that keep checkouts below cache and run program as git.
func New(cache, program string) *Repositories {
	return &Repositories{Cache: cache, Program: program}
}

func (r *Repositories) resolveTimeout() time.Duration { return cmp.Or(r.ResolveTimeout, time.Minute) }
func (r *Repositories) fetchTimeout() time.Duration   { return cmp.Or(r.FetchTimeout, time.Hour) }
func (r *Repositories) maxBytes() int64               { return cmp.Or(r.MaxBytes, 10<<30) }
func (r *Repositories) maxFiles() int                 { return cmp.Or(r.MaxFiles, 1_000_000) }
