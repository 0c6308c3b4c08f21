package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// relative finds a file or folder that the key names: relative to the file that has the key.
func (r *reader) relative(key, name string) (string, error) {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		home := r.l.sources.Env("HOME")
		if home == "" {
			return "", errors.New("HOME is not set")
		}
		return filepath.Join(home, rest), nil
	}
	if filepath.IsAbs(name) {
		return name, nil
	}
	return filepath.Join(filepath.Dir(r.at(key).path), name), nil
}

// templatePaths must exist: a folder that is not there is a slip of the pen, and the templates that
// it would have are reported one by one where they are included, far from the cause.
func (r *reader) templatePaths(k *key) []string {
	return r.folders(k, "folders of templates are",
		"a template could print what is secret in it", "put the templates for all images into a folder of their own")
}

// folders reads a list of folders that must exist, and must not hold what is private, for the reason
// that danger gives; mend says how to avoid that. What they are begins a hint.
func (r *reader) folders(k *key, what, danger, mend string) []string {
	var folders []string
	for _, name := range r.list(k) {
		folder, err := r.relative(k.name, name)
		if err == nil && name == "" {
			err = errors.New("it is empty")
		}
		if err == nil {
			folder, err = existingFolder(folder)
		}
		if err == nil {
			if file := r.privateIn(folder); file != "" {
				r.fail(k.name, fmt.Sprintf("names %s, which holds %s: %s", quote(name), file, danger), mend)
				continue
			}
		}
		if err != nil {
			r.fail(k.name, fmt.Sprintf("names %s, which cannot be used: %v", quote(name), bareError(err)),
				what+" relative to the configuration file")
			continue
		}
		folders = append(folders, folder)
	}
	return folders
}

// privateIn returns the first file in the folder, or anywhere below, that no template may read.
func (r *reader) privateIn(folder string) string {
	top, err := os.Stat(folder)
	if err != nil {
		return "" // gone since it was looked at: its templates will not be found
	}
	for _, file := range r.l.private() {
		for _, path := range places(file) {
			for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
				if info, err := os.Stat(dir); err == nil && os.SameFile(info, top) {
					return file
				}
				if dir == filepath.Dir(dir) {
					break
				}
			}
		}
	}
	return ""
}

// places are the absolute paths of a file: where it was found, and where symbolic links lead from there.
func places(file string) []string {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil // there is no current folder, so no relative path was read
	}
	paths := []string{path}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		paths = append(paths, real)
	}
	return paths
}

// private are the files that were read for the configuration, and those that hold secrets.
func (l *loader) private() []string {
	files := slices.Clone(l.files)
	if name, ok := l.settings["password_file"].value.(string); ok && name != "" {
		if path, err := (&reader{l: l}).relative("password_file", name); err == nil {
			files = append(files, path)
		}
	}
	return append(files, l.secretFiles()...)
}

func existingFolder(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", errors.New("it is not a folder")
	}
	return filepath.Abs(path)
}

func (r *reader) digests(k *key) map[string]string {
	v := r.value(k)
	m, ok := v.(*Map)
	if !ok {
		if v != nil {
			r.fail(k.name, "must be a mapping of image references to digests, got "+kind(v), "write each on a line of its own, such as \"  debian:12: sha256:...\"")
		}
		return nil
	}
	digests := make(map[string]string, m.Len())
	for _, item := range m.Items() {
		ref, isText := item.Key.(string)
		if !isText || !IsReference(ref) {
			r.fail(k.name, fmt.Sprintf("has %s, which is not an image reference", quote(pythonString(item.Key))), "write name:tag, without a digest; the name is in lower case")
			continue
		}
		digest, isText := item.Value.(string)
		if !isText || !IsDigest(digest) {
			r.fail(k.name, "must map "+Clip(ref)+" to a digest", DigestHint(digest))
			continue
		}
		digests[ref] = digest
	}
	return digests
}
