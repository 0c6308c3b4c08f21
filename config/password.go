package config

import (
	"errors"
	"fmt"
	"strings"
)

// passwordVariable is the environment variable that has the registry's password.
const passwordVariable = "SLIPWAY_PASSWORD"

const maxPassword = 64 << 10

// password takes the first of the environment, the password file and the key. What is not used is
// not looked at, so a machine with the variable set needs no file.
func (r *reader) password() Secret {
	if p := r.l.sources.Env(passwordVariable); p != "" {
		return Secret(p)
	}
	if name := r.text("password_file", ""); name != "" {
		p, err := r.readPasswordFile(name)
		if err != nil {
			// The name is not shown: it may be the password, put into the wrong key.
			r.fail("password_file", fmt.Sprintf("names a file that cannot be used: %v", bareError(err)),
				"the first line of the file is the password; the path is relative to the configuration file")
		}
		return p
	}
	switch v := r.l.settings["password"].value.(type) {
	case string:
		return Secret(v)
	default:
		if pythonTrue(v) { // what Python's if holds for none is none to docker-pkg
			r.fail("password", "must be a string, got "+kind(v), quoteHint)
		}
	}
	return ""
}

func (r *reader) readPasswordFile(name string) (Secret, error) {
	s := r.l.settings["password_file"]
	path, err := r.relative("password_file", name)
	if err != nil {
		return "", err
	}
	data, mode, err := readBounded(path, maxPassword)
	if err != nil {
		return "", err
	}
	if mode.Perm()&0o077 != 0 {
		r.l.warnings = append(r.l.warnings, fmt.Sprintf(
			"%s:%d: password file %q can be read by other users (mode %04o): use chmod 600", s.path, s.line, name, mode.Perm()))
	}
	first, _, _ := strings.Cut(string(data), "\n")
	if first = strings.TrimSuffix(first, "\r"); first == "" {
		return "", errors.New("its first line is empty")
	}
	return Secret(first), nil
}
