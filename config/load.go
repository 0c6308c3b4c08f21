package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/problem"
)

// Sources says where configuration comes from.
type Sources struct {
	// File is the project's configuration; it must exist.
	File string
	// FileExplicit says that File was named by the user and is not the default.
	FileExplicit bool
	// UserFile is the user's configuration, which File's keys override; it must exist. When empty
	// it is slipway.yaml in $XDG_CONFIG_HOME (~/.config when unset), else docker-pkg.yaml there,
	// else none.
	UserFile string
	// Env looks up an environment variable; nil is an empty environment.
	Env func(string) string
	// Flag looks up what a flag of the command line, by its name, gives a key that has one: it counts before
	// the files. Nil is no flags.
	Flag func(name string) (text string, given bool)
}

// Load reads the configuration. A key of the project's file replaces the same key of the user's,
// lists and mappings included. The error joins one problem.Problem for each, sorted by file and line.
func Load(s Sources) (*Config, error) { return keys().load(s) }

func (t table) load(s Sources) (*Config, error) {
	if s.Env == nil {
		s.Env = func(string) string { return "" }
	}
	l := &loader{sources: s, table: t, settings: map[string]setting{}, nested: map[string]setting{}}
	if path := l.userFile(); path != "" {
		l.addFile(path, "it is the user's own configuration: mend it or take it away")
	}
	hint := "run slipway in the folder that has " + s.File + ", or name the file with -c"
	if s.FileExplicit {
		hint = "check the path after -c/--configfile"
	}
	l.addFile(s.File, hint)
	c := l.decode()
	if err := join(l.errs); err != nil {
		if l.untold > 0 {
			err = errors.Join(err, problem.Problem{Path: s.File, Text: fmt.Sprintf("cannot read configuration: %d more problems are not told", l.untold)})
		}
		return nil, err
	}
	if l.unsaid > 0 {
		l.warnings = append(l.warnings, fmt.Sprintf("%s: %d more warnings are not told", s.File, l.unsaid))
	}
	c.Warnings = l.warnings
	return c, nil
}

// Default returns the configuration that an empty file gives in an empty environment.
func Default() *Config {
	l := &loader{sources: Sources{Env: func(string) string { return "" }}, table: keys()}
	return l.decode()
}

type loader struct {
	sources  Sources
	table    table
	settings map[string]setting
	nested   map[string]setting // below slipway and builder, by names like slipway.exclude
	files    []string           // that were read
	errs     []problem.Problem
	warnings []string
	untold   int // errors that are too many to be told
	unsaid   int // warnings
}

func (l *loader) fail(errs ...problem.Problem) {
	told := min(len(errs), max(0, maxProblems-len(l.errs)))
	l.errs = append(l.errs, errs[:told]...)
	l.untold += len(errs) - told
}

func (l *loader) warn(texts ...string) {
	said := min(len(texts), max(0, maxProblems-len(l.warnings)))
	l.warnings = append(l.warnings, texts[:said]...)
	l.unsaid += len(texts) - said
}

func (l *loader) configHome() string {
	if dir := l.sources.Env("XDG_CONFIG_HOME"); dir != "" {
		return dir
	}
	if home := l.sources.Env("HOME"); home != "" {
		return filepath.Join(home, ".config")
	}
	return ""
}

func (l *loader) userFile() string {
	if l.sources.UserFile != "" {
		return l.sources.UserFile
	}
	dir := l.configHome()
	if dir == "" {
		return ""
	}
	for _, name := range []string{"slipway.yaml", "docker-pkg.yaml"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
	return ""
}

// addFile puts a file's settings over those there are.
func (l *loader) addFile(path, hint string) {
	data, _, err := readBounded(path, maxSize)
	if err != nil {
		l.fail(problem.Problem{Path: path, Text: "cannot read configuration", Err: bareError(err), Hint: hint})
		return
	}
	l.files = append(l.files, path)
	settings, warnings, errs := l.table.parse(path, data)
	for name, s := range settings {
		l.settings[name] = s
		maps.Copy(l.nested, s.nested)
	}
	l.warn(warnings...)
	l.fail(errs...)
}

// readBounded reads a file and its mode; one byte more than the bound is enough to refuse it.
func readBounded(path string, most int64) ([]byte, fs.FileMode, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close() // read only: nothing can be lost
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if info.IsDir() {
		return nil, 0, errors.New("it is a folder")
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, 0, err
	}
	if int64(len(data)) > most {
		return nil, 0, fmt.Errorf("it has more than the %d bytes allowed", most)
	}
	return data, info.Mode(), nil
}

// bareError drops the path from an error of package os: the message begins with it already.
func bareError(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
