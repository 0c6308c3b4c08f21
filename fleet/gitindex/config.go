package gitindex

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/slipway-build/slipway/problem"
)

const maxConfig = 16 << 20

// config are the settings of a repository that matter here.
type config struct {
	fileMode bool
	bare     bool
	worktree string // relative to the repository's folder; "" when it is the folder that .git is in
	hash     hash
	own      bool // the worktree has a configuration of its own, too
	digest   []byte
}

// readConfig reads the configuration in common and, if that says so, the worktree's own in gitDir. A linked
// worktree without its own one is not meant by core.bare and core.worktree, see git-worktree(1).
func readConfig(common, gitDir string, linked bool) (config, error) {
	c := config{fileMode: true, hash: hashes["sha1"]}
	digest := sha256.New()
	path := filepath.Join(common, "config")
	if err := c.file(path, digest); err != nil {
		return c, err
	}
	if c.own {
		path = filepath.Join(gitDir, "config.worktree")
		if err := c.file(path, digest); err != nil {
			return c, err
		}
	} else if linked {
		c.bare, c.worktree = false, ""
	}
	c.digest = digest.Sum(nil)
	return c, nil
}

// file takes over what a file says; one that is not there says nothing.
func (c *config) file(path string, digest io.Writer) error {
	data, err := readSmall(path, maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return problem.Withf(fmt.Errorf("%s: cannot read git's configuration: %w", path, err), "`git config --file %s --list` tells whether git can read it", word(path))
	}
	fmt.Fprintf(digest, "%d\x00%s", len(data), data)
	p := parser{data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), line: 1}
	for {
		s, err := p.next()
		if err == nil && s.key != "" {
			err = c.set(s)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			hint := fmt.Sprintf("correct the line; git config --file %s --list tells whether git can read it", word(path))
			if h := (hinted{}); errors.As(err, &h) {
				hint = h.hint
			}
			return problem.With(fmt.Errorf("%s:%d: cannot read git's configuration: %w", path, s.line, err), hint)
		}
	}
}

func (c *config) set(s setting) (err error) {
	switch s.section + "." + s.key {
	case "core.filemode":
		c.fileMode, err = s.bool()
	case "core.bare":
		c.bare, err = s.bool()
	case "extensions.worktreeconfig":
		c.own, err = s.bool()
	case "core.worktree":
		if s.value == "" {
			return errors.New("core.worktree names no folder")
		}
		c.worktree = s.value
	case "core.repositoryformatversion":
		if n, err := strconv.Atoi(s.value); err != nil || n > 1 {
			return unknown("version %q of git's repositories", s.value)
		}
	case "extensions.objectformat":
		h, ok := hashes[s.value]
		if !ok {
			return unknown("the hash function %q", s.value)
		}
		c.hash = h
	}
	return err
}

// bool reads a truth value as git does; a key without a value is true.
func (s setting) bool() (bool, error) {
	switch v := strings.ToLower(s.value); {
	case s.bare, v == "true", v == "yes", v == "on":
		return true, nil
	case v == "", v == "false", v == "no", v == "off":
		return false, nil
	}
	n, err := strconv.ParseInt(s.value, 0, 64)
	if err != nil {
		return false, fmt.Errorf("%s.%s is neither true nor false: %q", s.section, s.key, s.value)
	}
	return n != 0, nil
}

// readSmall reads a regular file of at most limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > limit {
		return nil, fmt.Errorf("it has %d bytes, more than %d", info.Size(), limit)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	return data, cause(err)
}
