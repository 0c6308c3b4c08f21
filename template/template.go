// Package template renders the Dockerfile templates of a fleet: Jinja2 with
// the filters of docker-pkg, whose output is the same byte for byte.
package template

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/slipway-build/slipway/template/jinja"
)

// Options are what templates see of the configuration and the fleet.
type Options struct {
	// Variables by name; values are those jinja.FromGo accepts. "password" is
	// left out whoever passes it: a secret never reaches an image.
	Variables map[string]any
	// ImageTag finds the full reference (registry/namespace/name:tag) of an
	// image by its short name, for the filter image_tag. Its error becomes the
	// template's; a line "hint: ..." in it becomes the hint. Nil knows no image.
	ImageTag func(name string) (ref string, err error)
	// UIDs maps user names to numeric ids, for the filters uid and add_user.
	UIDs map[string]string
	// APTOnlyProxy is the proxy that apt_install and apt_remove set up, a URL.
	APTOnlyProxy string
	// APTOptions are more arguments of apt-get in apt_install.
	APTOptions string
	// Warn gets one sentence for what is suspicious but renders. It may be
	// called concurrently. Nil drops warnings.
	Warn func(msg string)
}

// Environment renders templates. It is safe for concurrent use.
type Environment struct {
	env  *jinja.Env
	vars jinja.Vars
}

// Error is a problem of one template.
type Error struct {
	Path string // of the template, with slashes, as it was given to Render
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

// New returns an Environment.
func New(o Options) *Environment {
	env := jinja.NewEnv(nil, jinja.Options{})
	addFilters(env, &o)
	vars := make(map[string]any, len(o.Variables))
	for k, v := range o.Variables {
		if k != "password" {
			vars[k] = v
		}
	}
	return &Environment{env: env, vars: jinja.NewVars(vars)}
}

// Render renders the template called name in the folder dir. What it includes
// comes from dir too; no path leads out of it. The error is an *Error.
func (e *Environment) Render(dir, name string) ([]byte, error) {
	loader, err := openFolder(dir)
	if err != nil {
		return nil, &Error{Path: slashPath(dir, name), Msg: "cannot read template: " + reason(err), Err: err}
	}
	defer loader.close()
	tmpl, err := e.env.WithLoader(loader).Get(name)
	if err != nil {
		return nil, describe(err, dir)
	}
	out, err := tmpl.Render(e.vars)
	if err != nil {
		return nil, describe(err, dir)
	}
	return out, nil
}

func slashPath(dir, name string) string { return path.Join(filepath.ToSlash(dir), name) }

// describe puts an error of the engine into the words of a fleet.
func describe(err error, dir string) error {
	var e *jinja.Error
	if !errors.As(err, &e) {
		return &Error{Path: filepath.ToSlash(dir), Msg: "cannot render: " + err.Error(), Err: err}
	}
	out := &Error{Path: slashPath(dir, e.Template), Line: e.Line, Msg: "cannot render: " + e.Msg, Hint: e.Hint, Err: err}
	switch e.Kind {
	case jinja.SyntaxError, jinja.AssertionError:
		out.Msg = "cannot parse template: " + e.Msg
	case jinja.NotFoundError:
		if e.Line == 0 {
			out.Msg = "cannot read template: file does not exist"
		} else if out.Hint == "" {
			out.Hint = "templates are looked up in " + filepath.ToSlash(dir)
		}
	case jinja.UndefinedError:
		if e.Msg == "'password' is undefined" {
			out.Hint = "a password never reaches a template, it would end up in the image"
		}
	case jinja.SecurityError, jinja.LimitError:
		out.Msg = "cannot render: " + strings.TrimSuffix(e.Msg, ".")
	case "OSError":
		if e.Line == 0 {
			out.Msg = "cannot read template: " + reason(e.Err)
		}
	}
	return out
}
