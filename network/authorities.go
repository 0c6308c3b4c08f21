package network

import (
	"crypto/x509"
	"fmt"
	"os"
)

// systemAuthorities are those that the environment pins; nil stands for the system's, as Go reads them.
// Go reads the system's folders beside the file that SSL_CERT_FILE names, unless SSL_CERT_DIR names others: the
// file's one authority would become all.
func systemAuthorities() (*x509.CertPool, error) {
	file := os.Getenv("SSL_CERT_FILE")
	if file == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(file)
	if err == nil && !pool.AppendCertsFromPEM(pem) {
		err = fmt.Errorf("%s: %w", file, errNoCertificate)
	}
	if err != nil {
		return nil, &FileError{fmt.Errorf("cannot use SSL_CERT_FILE: %w", err), "unset the variable to trust the system's authorities"}
	}
	if os.Getenv("SSL_CERT_DIR") != "" { // Go reads both, and passes over a file that is of no use
		return nil, nil
	}
	return pool, nil
}

// authorities are those that a host is believed by, with more of its own; nil stands for the system's.
func (n *Network) authorities(pinned bool, more [][]byte) (*x509.CertPool, error) {
	pinned = pinned && n.bundle != nil && !n.options.AddsBundle
	if n.bundle != nil {
		more = append([][]byte{n.bundle}, more...)
	}
	pool := x509.NewCertPool()
	if !pinned {
		system, err := n.system()
		if err != nil || len(more) == 0 {
			return system, err
		}
		if system == nil {
			if system, err = x509.SystemCertPool(); err != nil {
				return nil, fmt.Errorf("cannot read the system's authorities: %w", err)
			}
		}
		pool = system.Clone()
	}
	for _, pem := range more {
		pool.AppendCertsFromPEM(pem) // what is no certificate is passed over, as Docker does
	}
	return pool, nil
}
