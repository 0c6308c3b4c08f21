// Package slipway is what the program does, for Go programs: it reads a fleet of image definitions, plans what
// is to be built and why, builds, tests and publishes it, and keeps the images.
//
// Open gives a Session, whose calls print nothing and end no process. What a person should know while one runs
// comes as a Notice, what a build does as events (package event); what went wrong is an error, and one that
// joins several is taken apart by problem.Each. Notices, events, plans and reports are without secrets;
// Session.Error takes them out of an error.
//
//	cfg, err := config.Load(config.Sources{File: "config.yaml", Env: os.Getenv})
//	s, err := slipway.Open(slipway.Options{Config: cfg})
//	planned, err := s.Plan(ctx, slipway.PlanOptions{Directory: "images"})
//
// Images of the store need no configuration: Images, Inspect, Run, Push, Pull and their kin are called by names, as
// a person would say them. A program that builds calls Helper first in its main function, as its
// example shows: image tests run the program again, under other names.
//
// Sessions share nothing with one another but what BuildKit and containerd keep for a process, see
// docs/go-api.md; several of them may be open at a time, also on the same folder of images: one waits
// there for the other.
package slipway

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/secret/redact"
)

// Options say what a Session works with. The zero value is a fleet without a configuration, and the folder of
// images that the program takes, too.
type Options struct {
	// Config is the fleet's configuration, see config.Load; nil is what an empty file gives.
	Config *config.Config
	// Root is the folder of images and build cache. When empty it is what SLIPWAY_ROOT names, else
	// /var/lib/slipway for root and slipway in $XDG_DATA_HOME for others.
	Root string
	// StateDir is the folder of the state file; when empty it is Root.
	StateDir string
	// Env looks up an environment variable; nil is os.Getenv.
	Env func(name string) string

	// Command is what this is called as, for others who wait for it and for the history; by default the
	// program's name. A run of the same Command in the same working directory goes on where one was killed.
	Command string
	// UserAgent is what registries are told; by default "slipway".
	UserAgent string
	// Program is the file of a program that calls Helper, which image tests run as docker. By default it is the
	// one that runs.
	Program string

	// Notify is told what a person should know. Nil tells nobody. Calls may come at the same time.
	Notify func(Notice)
	// Log, if not nil, gets BuildKit's own log.
	Log io.Writer
	// Verbose makes fetching of repositories tell of its progress.
	Verbose bool

	// Complete changes the commands that texts have in backticks (`slipway plan`), so that they work in the
	// reader's place. Nil leaves them.
	Complete func(text string) string
	// Hidden is told which texts must not be shown, each time when more become known.
	Hidden func(*redact.Secrets)
	// Reading is called when the reading of a fleet begins, which is many short system calls, and done when it
	// has ended. It is where a program may give the process more threads for a while.
	Reading func() (done func())
}

// NoticeKind says what a Notice is.
type NoticeKind string

// The kinds of notices.
const (
	Warning  NoticeKind = "warning"  // something is probably not meant, or was lost
	Note     NoticeKind = "note"     // it is good to know
	Progress NoticeKind = "progress" // what the call waits for, or does now
)

// Notice is what a person should know, and the call goes on.
type Notice struct {
	Kind NoticeKind
	// Text has no secrets, and its hints below it, each in a line of its own that begins with "hint: ".
	Text string
}

// Session is one user of a configuration, a folder of images and a state.
type Session struct {
	opts   Options
	config *config.Config

	mu      sync.Mutex
	secrets *redact.Secrets // nil hides nothing
	hidden  []string        // the texts that secrets hides
	spared  bool            // it was said that some are shown
	warned  map[string]bool // by the call that goes on, see warnOnce
}

// Open begins a Session. The error says what is wrong with the configuration's names.
func Open(o Options) (*Session, error) {
	if o.Env == nil {
		o.Env = os.Getenv
	}
	o.UserAgent = cmp.Or(o.UserAgent, "slipway")
	if o.Notify == nil {
		o.Notify = func(Notice) {}
	}
	if o.Complete == nil {
		o.Complete = func(text string) string { return text }
	}
	if o.Hidden == nil {
		o.Hidden = func(*redact.Secrets) {}
	}
	if o.Reading == nil {
		o.Reading = func() func() { return func() {} }
	}
	if o.Command == "" {
		program, err := os.Executable()
		if err != nil {
			program = "slipway"
		}
		o.Command = filepath.Base(program)
	}
	s := &Session{opts: o, config: config.Default(), warned: map[string]bool{}}
	if o.Config != nil {
		own := *o.Config // what the session learns of secrets is its own
		s.config = &own
	}
	if err := checkNames(s.config); err != nil {
		return nil, err
	}
	s.hide(s.config.Secrets())
	s.spare(s.config.Registry, s.config.Namespace)
	for _, w := range s.config.Warnings {
		s.tell(Warning, s.secrets.Text(w))
	}
	return s, nil
}

// Config is the configuration.
func (s *Session) Config() *config.Config { return s.config }

// checkNames refuses a registry and a namespace that make no names of images.
func checkNames(cfg *config.Config) error {
	if _, err := ref.Parse(cfg.Ref("image", "1")); err == nil {
		return nil
	}
	place := cmp.Or(cfg.Place("registry"), cfg.Place("namespace"), cfg.File())
	registry := cfg.Registry
	if at := strings.LastIndexByte(registry, '@'); at >= 0 {
		registry = "..." + registry[at:] // a password may be in front
	}
	return problem.With(fmt.Errorf("%s: cannot use registry %q with namespace %q: they make no valid name of an image", place, config.Clip(registry), config.Clip(cfg.Namespace)), "a registry is a host, without https://, such as registry.example:5000")
}

// tell is for texts without secrets.
func (s *Session) tell(kind NoticeKind, text string) {
	s.opts.Notify(Notice{Kind: kind, Text: s.opts.Complete(text)})
}

func (s *Session) warn(text string) { s.tell(Warning, text) }

// begin is for calls that read a fleet: what the last one warned of is new to this one.
func (s *Session) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.warned)
}

// warnOnce says a warning about the fleet, which a call may read more than once.
func (s *Session) warnOnce(text string) {
	s.mu.Lock()
	again := s.warned[text]
	s.warned[text] = true
	s.mu.Unlock()
	if !again {
		s.warn(text)
	}
}
