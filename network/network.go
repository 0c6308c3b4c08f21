// Package network is the way out of this machine: through which proxy an address is asked for, by whose
// certificates a host is believed, and which certificate it is shown. Whatever fetches or sends has its
// transport, or the variables that say the same to a program, from here.
package network

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/net/http/httpproxy"
)

// Options are what a configuration says. The zero value is what the environment and Docker's folders say.
type Options struct {
	Proxies
	CABundle   string // PEM file of the authorities that registries are believed by, instead of the system's
	AddsBundle bool   // CABundle is added to the system's
	// Insecure lists hosts (with the port, if any) and networks (10.0.0.0/8) whose certificates are not verified.
	Insecure []string
	// Folders have Docker's layout of certificates: HOST[:PORT]/*.crt, *.cert and *.key. None: dockerFolders.
	Folders []string
}

// dockerFolders are where Docker's daemon and its user keep certificates for registries.
func dockerFolders() []string {
	folders := []string{"/etc/docker/certs.d"}
	home, _ := os.UserHomeDir() // without one there is no such folder
	if own := os.Getenv("DOCKER_CONFIG"); own != "" || home != "" {
		folders = append(folders, filepath.Join(cmp.Or(own, filepath.Join(home, ".docker")), "certs.d"))
	}
	return folders
}

// Folder is where a person may put certificates for a host.
func (n *Network) Folder(host string) string {
	return filepath.Join(n.options.Folders[len(n.options.Folders)-1], host)
}

// Network answers for one configuration. It is safe for concurrent use.
type Network struct {
	options Options
	outer   string // NO_PROXY of the environment
	proxies httpproxy.Config
	proxy   func(*url.URL) (*url.URL, error)
	bundle  []byte
	system  func() (*x509.CertPool, error)
	hosts   sync.Map // name of a host to *hostFiles
}

// New checks the options and reads the bundle. Proxies that they do not name are those of the environment,
// as it is now.
func New(o Options) (*Network, error) {
	if len(o.Folders) == 0 {
		o.Folders = dockerFolders()
	}
	n := &Network{options: o, system: sync.OnceValues(systemAuthorities)}
	env := httpproxy.FromEnvironment()
	n.outer = env.NoProxy
	var err error
	if n.proxies, err = o.Proxies.over(env); err != nil {
		return nil, err
	}
	n.proxy = n.proxies.ProxyFunc()
	if o.CABundle == "" {
		return n, nil
	}
	if n.bundle, err = os.ReadFile(o.CABundle); err != nil {
		return nil, fmt.Errorf("cannot read the CA bundle: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(n.bundle) {
		return nil, fmt.Errorf("%s: cannot use the CA bundle: it has no PEM certificate", o.CABundle)
	}
	return n, nil
}

// Proxy is the one that an address is asked for through; nil is none. It may hold a password.
func (n *Network) Proxy(u *url.URL) (*url.URL, error) { return n.proxy(u) }

func (n *Network) proxyOf(req *http.Request) (*url.URL, error) { return n.proxy(req.URL) }

// Insecure tells whether one of the names of a host, with its port, is listed as insecure: names are compared,
// and addresses with networks, as Docker does.
func (n *Network) Insecure(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		ip := net.ParseIP((&url.URL{Host: name}).Hostname())
		return slices.ContainsFunc(n.options.Insecure, func(entry string) bool {
			_, network, err := net.ParseCIDR(entry)
			return entry == name || err == nil && ip != nil && network.Contains(ip)
		})
	})
}

// FileError says that a file that certificates are read from is of no use: no reason to do without it.
type FileError struct {
	Err  error
	Hint string
}

// Error implements error.
func (e *FileError) Error() string { return e.Err.Error() }

// Unwrap implements errors' interface.
func (e *FileError) Unwrap() error { return e.Err }

var errNoCertificate = errors.New("it has no PEM certificate")
