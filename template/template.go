// Package template renders the Dockerfile templates of a fleet: Jinja2 with
// the filters of docker-pkg, whose output is the same byte for byte.
package template

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
)

// Options are what templates see of the configuration and the fleet.
type Options struct {
	// Variables by name; values are those python.FromGo accepts. "password" is
	// left out whoever passes it: a secret never reaches an image. Filters read
	// three of them, as docker-pkg's do: known_uid_mappings (user to number, for
	// uid and add_user), apt_only_proxy (a URL) and apt_options (arguments of
	// apt-get), both for apt_install and apt_remove.
	Variables map[string]any
	// ImageTag finds the full reference (registry/namespace/name:tag) of an
	// image by its short name, for the filter image_tag. Its error becomes the
	// template's; a line "hint: ..." in it becomes the hint. Nil knows no image.
	ImageTag func(name string) (ref string, err error)
	// APKProxy and DNFProxy are the proxies that apk_install and dnf_install
	// name in their commands, URLs. A proxy that RUN steps have in their
	// environment needs neither.
	APKProxy, DNFProxy string
	// Digests maps image references to digests (sha256:...), for digest_pin.
	Digests map[string]string
	// Root is the folder that links in an image's folder may lead to: the
	// fleet's. Empty: links must stay in the image's folder.
	Root string
	// Paths are folders of shared templates, searched in this order for what
	// the template's own folder lacks. Errors name files as they are here.
	Paths []string
	// Private are files that no template may read, whatever leads to them: the
	// configuration has passwords.
	Private []string
	// Warn gets one sentence for what is suspicious but renders. It may be
	// called concurrently. Nil drops warnings.
	Warn func(msg string)
}

// Environment renders templates. It is safe for concurrent use.
type Environment struct {
	env     *jinja.Env
	vars    jinja.Vars
	root    string
	paths   []string
	private []os.FileInfo
	// options are for Inspect, whose filters warn another one.
	options Options
}

// Input is one template, and what is known of it alone.
type Input struct {
	Dir, Name string // the template called Name in the folder Dir
	// Variables beside those of Options, which win.
	Variables map[string]any
}

// Result is what comes of a template.
type Result struct {
	Text []byte
	// Files are the paths of all templates that were read, in the order of their
	// first use: Dir/Name, then what it includes, imports and extends.
	Files []string
}

// Error is a problem of one template.
type Error struct {
	Path string // of the template, with slashes, below the folder as it was given
	Line int    // counted from 1; 0 if the problem has no line
	Msg  string // a sentence such as "cannot render: 'registy' is undefined"
	Hint string // the next step, may be empty
	Err  error  // the cause
}

// Error gives "path:line: message" without the hint.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Path, e.Msg)
	}
	return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Msg)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// MaxOutput bounds one Dockerfile, in bytes. Parsing takes hundreds of times as much.
const MaxOutput = 1 << 20

var engine = jinja.Options{Limits: python.Limits{Output: MaxOutput}}

// New returns an Environment.
func New(o Options) *Environment {
	env := jinja.NewEnv(nil, engine)
	vars := make(map[string]any, len(o.Variables))
	for k, v := range o.Variables {
		if k != "password" {
			vars[k] = v
		}
	}
	converted := jinja.NewVars(vars)
	addFilters(env, &o, converted)
	e := &Environment{env: env, vars: converted, root: o.Root, paths: slices.Clone(o.Paths), options: o}
	for _, file := range o.Private {
		if info, err := os.Stat(file); err == nil { // what is not there cannot be read
			e.private = append(e.private, info)
		}
	}
	return e
}

// Render renders the template called name in the folder dir. What it includes,
// imports or extends comes from dir, else from the shared folders; no path
// leads out of either. The error is an *Error.
func (e *Environment) Render(dir, name string) ([]byte, error) {
	result, err := e.RenderInput(Input{Dir: dir, Name: name})
	return result.Text, err
}

// RenderInput is Render with variables of its own. With an error the result has
// the files that were read before it, and no text.
func (e *Environment) RenderInput(in Input) (Result, error) {
	loader, err := openFolders(in.Dir, e.root, e.paths)
	if err == nil {
		loader.private = e.private
	}
	if err != nil {
		return Result{}, &Error{Path: slashPath(in.Dir, in.Name), Msg: "cannot read template: " + reason(err), Err: err}
	}
	defer loader.close()
	vars := e.vars
	if len(in.Variables) > 0 {
		vars = vars.With(in.Variables)
	}
	env, end := e.env.WithLoader(loader).Begin()
	defer end()
	tmpl, err := env.Get(in.Name)
	if err != nil {
		return Result{Files: loader.files}, describe(err, in, loader)
	}
	text, err := tmpl.Render(vars)
	if err != nil {
		return Result{Files: loader.files}, describe(err, in, loader)
	}
	return Result{Text: text, Files: loader.files}, nil
}

func slashPath(dir, name string) string { return path.Join(filepath.ToSlash(dir), name) }

// describe puts an error of the engine into the words of a fleet.
func describe(err error, in Input, loader *folders) error {
	var e *python.Error
	if !errors.As(err, &e) {
		return &Error{Path: filepath.ToSlash(in.Dir), Msg: "cannot render: " + err.Error(), Err: err}
	}
	path, shared := loader.where(e.Template)
	out := &Error{Path: path, Line: e.Line, Msg: "cannot render: " + e.Msg, Hint: e.Hint, Err: err}
	switch e.Kind {
	case python.SyntaxError, python.AssertionError:
		out.Msg = "cannot parse template: " + e.Msg
	case python.NotFoundError:
		if e.Line == 0 {
			out.Msg = "cannot read template: file does not exist"
		} else if out.Hint == "" {
			out.Hint = "templates are looked up in " + strings.Join(loader.dirs, ", then in ")
		}
	case python.UndefinedError:
		if e.Msg == "'password' is undefined" {
			out.Hint = "a password never reaches a template, it would end up in the image"
		}
	case python.SecurityError, python.LimitError:
		out.Msg = "cannot render: " + strings.TrimSuffix(e.Msg, ".")
	case "OSError":
		if e.Line == 0 {
			out.Msg = "cannot read template: " + reason(e.Err)
		}
	}
	if shared {
		out.Msg += ", for " + slashPath(in.Dir, in.Name)
	}
	return out
}
