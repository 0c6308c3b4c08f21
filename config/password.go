package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// passwordVariable is the environment variable that has the registry's password.
const passwordVariable = "SLIPWAY_PASSWORD"

// maxPassword is how much of a password file is read, in bytes.
const maxPassword = 64 << 10

// password takes the first of the environment, the password file and the key. What is not used is
// not looked at, so a machine with the variable set needs no file.
func (r *reader) password(k *key) Secret {
	if p := r.l.sources.Env(k.first); p != "" {
		return Secret(p)
	}
	if name := r.text(r.l.table.find(k.file)); name != "" {
		p, err := r.readPasswordFile(k.file, name)
		if err != nil {
			// The name is not shown: it may be the password, put into the wrong key.
			r.fail(k.file, fmt.Sprintf("names a file that cannot be used: %v", bareError(err)),
				"the first line of the file is the password; the path is relative to the configuration file")
		}
		return p
	}
	switch v := r.value(k).(type) {
	case string:
		return Secret(v)
	default:
		if pythonTrue(v) { // what Python's if holds for none is none to docker-pkg
			r.fail(k.name, "must be a string, got "+kind(v), quoteHint)
		}
	}
	return ""
}

func (r *reader) readPasswordFile(key, name string) (Secret, error) {
	s := r.l.settings[key]
	path, err := r.relative(key, name)
	if err != nil {
		return "", err
	}
	data, mode, err := readBounded(path, maxPassword)
	if err != nil {
		return "", err
	}
	if mode.Perm()&0o077 != 0 {
		r.l.warn(fmt.Sprintf("%s:%d: password file %s can be read by other users (mode %04o): use chmod 600", s.path, s.line, quote(name), mode.Perm()))
	}
	first, _, _ := strings.Cut(string(data), "\n")
	if first = strings.TrimSuffix(first, "\r"); first == "" {
		return "", errors.New("its first line is empty")
	}
	return Secret(first), nil
}

// passwordFile is what the key password_file has. If there is no such file, it may be the password, put into the
// wrong key.
func (c *Config) passwordFile() any {
	const key = "password_file"
	l := c.loaded()
	name, ok := l.at(key).value.(string)
	if !ok || name == "" {
		return ""
	}
	path, err := (&reader{l: l}).relative(key, name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return Secret(name)
	}
	return path
}
