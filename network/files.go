package network

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hostFiles are what Docker's folders have for one host.
type hostFiles struct {
	authorities [][]byte
	pairs       []tls.Certificate
	err         error
}

func (f *hostFiles) none() bool { return len(f.authorities) == 0 && len(f.pairs) == 0 && f.err == nil }

// files are read once for each host: a change counts for the next run.
func (n *Network) files(host string) *hostFiles {
	if known, ok := n.hosts.Load(host); ok {
		return known.(*hostFiles)
	}
	f := &hostFiles{}
	if filepath.IsLocal(host) && filepath.Base(host) == host { // one name, as all hosts are
		for _, folder := range n.options.Folders {
			if f.err = f.read(filepath.Join(folder, host)); f.err != nil {
				break
			}
		}
	}
	known, _ := n.hosts.LoadOrStore(host, f)
	return known.(*hostFiles)
}

// read takes a folder as Docker's daemon does: each NAME.crt holds authorities, each NAME.cert with NAME.key is
// a certificate to show, and one without the other is an error. A folder of somebody else is passed over, as
// BuildKit does.
func (f *hostFiles) read(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return &FileError{Err: fmt.Errorf("cannot read certificates: %w", err)}
	}
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == name })
	}
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		stem, ext := strings.TrimSuffix(path, filepath.Ext(path)), filepath.Ext(path)
		switch {
		case e.IsDir():
		case ext == ".crt":
			pem, err := os.ReadFile(path)
			if err != nil {
				return &FileError{Err: fmt.Errorf("cannot read certificates: %w", err)}
			}
			f.authorities = append(f.authorities, pem)
		case ext == ".cert" && !has(filepath.Base(stem)+".key"):
			return &FileError{fmt.Errorf("%s: cannot use the certificate: its key %s is missing", path, filepath.Base(stem)+".key"),
				"the certificate of an authority ends in .crt"}
		case ext == ".key" && !has(filepath.Base(stem)+".cert"):
			return &FileError{fmt.Errorf("%s: cannot use the key: its certificate %s is missing", path, filepath.Base(stem)+".cert"),
				"put it beside the key, or remove the key"}
		case ext == ".cert":
			pair, err := tls.LoadX509KeyPair(path, stem+".key")
			if err != nil {
				return &FileError{Err: fmt.Errorf("%s: cannot use the certificate with its key: %w", path, err)}
			}
			f.pairs = append(f.pairs, pair)
		}
	}
	return nil
}
