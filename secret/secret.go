// Package secret is what RUN --mount=type=secret and type=ssh are given: where it comes from, written as
// "docker buildx build" has it for --secret and --ssh, and what it is. It never prints what it holds.
package secret

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSize is how long a secret may be, in bytes: BuildKit refuses longer ones.
const maxSize = 500 << 10

// ErrAbsent is why a source has nothing: there is no such file, or no such variable.
var ErrAbsent = errors.New("it is not there")

// Scene is where a specification stands: what its paths are relative to, and the environment.
type Scene struct {
	// Name is what a person finds it by: --secret, or a key of the configuration.
	Name string
	Dir  string              // for relative paths
	Env  func(string) string // nil is an empty environment
}

func (s Scene) env(name string) string {
	if s.Env == nil {
		return ""
	}
	return s.Env(name)
}

// path is absolute; "~/" is the home folder.
func (s Scene) path(name string) (string, error) {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		home := s.env("HOME")
		if home == "" {
			return "", errors.New("HOME is not set")
		}
		return filepath.Join(home, rest), nil
	}
	if filepath.IsAbs(name) {
		return name, nil
	}
	return filepath.Join(s.Dir, name), nil
}

// Source is where one secret comes from.
type Source struct {
	ID string
	// Env is a variable of the environment; without one, File is a path.
	Env, File string
	// Origin tells sources apart that have one id, and stays the same from run to run. It says where the
	// secret comes from, nothing of what it is.
	Origin string
}

// Parse reads what --secret takes: id=ID[,type=file|env][,src=FILE|,env=VARIABLE]. Without a source it is
// the variable called ID or, if that is not set, the file. No error repeats a value: it may be the secret.
func Parse(spec string, at Scene) (Source, error) {
	fields, err := csv.NewReader(strings.NewReader(spec)).Read()
	if err != nil {
		return Source{}, errors.New("it is no list of key=value pairs with commas between them")
	}
	var s Source
	kind := ""
	for _, field := range fields {
		key, value, ok := strings.Cut(field, "=")
		switch key = strings.ToLower(strings.TrimSpace(key)); {
		case !ok:
			return Source{}, errors.New("one of its parts is no key=value pair")
		case key == "id":
			s.ID = value
		case key == "src" || key == "source":
			s.File = value
		case key == "env":
			s.Env = value
		case key == "type" && (value == "file" || value == "env"):
			kind = value
		case key == "type":
			return Source{}, errors.New("its type is neither file nor env")
		default:
			return Source{}, fmt.Errorf("it has the key %s; known are id, src, env and type", shownKey(key))
		}
	}
	if kind == "env" && s.Env == "" {
		s.Env, s.File = s.File, ""
	}
	return s.complete(at)
}

// shownKey is a key as messages have it; what is no word may be a part of a secret with an equals sign.
func shownKey(key string) string {
	if len(key) > 12 || strings.ContainsFunc(key, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return "of another name"
	}
	return key
}

func (s Source) complete(at Scene) (Source, error) {
	switch {
	case s.ID == "":
		return Source{}, errors.New("it has no id")
	case strings.ContainsFunc(s.ID, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return Source{}, errors.New("its id has control characters")
	case s.Env != "" && s.File != "":
		return Source{}, errors.New("it has both src and env")
	case s.Env == "" && s.File == "" && at.env(s.ID) != "":
		s.Env = s.ID
	case s.Env == "":
		s.File = cmp.Or(s.File, s.ID)
	}
	if s.Env != "" {
		s.Origin = at.Name + " env " + s.Env
		return s, nil
	}
	s.Origin = at.Name + " file " + s.File
	path, err := at.path(s.File)
	if err != nil {
		return Source{}, err
	}
	s.File = path
	return s, nil
}

// What is the source for messages: "variable TOKEN" or "file /srv/token".
func (s Source) What() string {
	if s.Env != "" {
		return "variable " + s.Env
	}
	return "file " + s.File
}

// Read returns the secret. An error holds ErrAbsent if there is no such file, or the variable is not set or
// empty. A pipe is waited for as long as the context lives.
func (s Source) Read(ctx context.Context, env func(string) string) (Value, error) {
	v := Value{Source: s}
	if s.Env != "" {
		if v.Data = Data(env(s.Env)); len(v.Data) == 0 {
			return v, fmt.Errorf("cannot take the secret %s from the variable %s: %w", s.ID, s.Env, &absent{"it is not set, or empty"})
		}
		return v, s.check(v.Data)
	}
	data, err := readFile(ctx, s.File)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = &absent{"there is no such file"}
		}
		return v, fmt.Errorf("cannot take the secret %s from the file %s: %w", s.ID, s.File, err)
	}
	v.Data = data
	return v, s.check(data)
}

// absent is an ErrAbsent with its reason.
type absent struct{ why string }

func (a *absent) Error() string        { return a.why }
func (a *absent) Is(target error) bool { return target == ErrAbsent }

func (s Source) check(data []byte) error {
	if len(data) > maxSize {
		return fmt.Errorf("cannot take the secret %s from the %s: it has more than %d bytes, and BuildKit takes no more", s.ID, s.What(), maxSize)
	}
	return nil
}

// readFile reads a file, or what comes out of a pipe. Nobody may be there to write to one.
func readFile(ctx context.Context, path string) (data []byte, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		data, err = readAll(path)
	}()
	select {
	case <-done:
		return data, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// readAll reads one byte more than a secret may have at the most.
func readAll(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close() // read only: nothing can be lost
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a folder")
	}
	if err != nil {
		return nil, bare(err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	return data, bare(err)
}

// bare drops the path from an error of package os: the message has it.
func bare(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// Value is a secret that was read.
type Value struct {
	Source
	Data Data
}

// Data are the bytes of a secret, which nothing prints.
type Data []byte

// Format implements fmt.Formatter.
func (Data) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[hidden]") }

// MarshalText keeps it out of JSON and structured logs.
func (Data) MarshalText() ([]byte, error) { return []byte("[hidden]"), nil }
