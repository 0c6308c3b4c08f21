// Package demo prepares the registry that hack/demo publishes the example fleet to. Its test is the
// demo itself, with a Docker daemon as the images' last reader.
package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// User is who may use the registry.
const user = "harbour"

// Prepare fills a folder for Debian's docker-registry with a password and TLS on a loopback address,
// and returns that as host:port. Afterwards the folder holds
//
//	config.yml     for docker-registry serve
//	certs/ca.crt   the certificate to trust
//	password       of User
//	address        what is returned
//
// Address and password of an earlier call are kept, so that what was published stays under its name;
// the address only if it is free. It is not taken yet: who starts the registry may come too late.
func Prepare(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("cannot prepare a registry: %w", err)
	}
	if err := prepare(dir); err != nil {
		return "", fmt.Errorf("cannot prepare a registry in %s: %w", dir, err)
	}
	return earlier(dir, "address")
}

func prepare(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "certs"), 0o700); err != nil {
		return err
	}
	addr, err := address(dir)
	if err != nil {
		return err
	}
	password, err := earlier(dir, "password")
	if err != nil {
		return err
	}
	if password == "" {
		password = rand.Text()
	}
	// Every request is checked, and nobody guesses this password: the cheapest hash will do.
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return err
	}
	cert, key, err := certificate()
	if err != nil {
		return err
	}
	files := map[string]string{
		"address": addr + "\n", "password": password + "\n",
		"htpasswd":     user + ":" + string(hash) + "\n",
		"certs/ca.crt": cert, "registry.key": key,
		"config.yml": config(dir, addr),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// earlier is what an earlier call wrote into a file, "" if there was none.
func earlier(dir, name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return strings.TrimSpace(string(data)), nil
}

// address is the earlier one if it is free, or any that is.
func address(dir string) (string, error) {
	addr, err := earlier(dir, "address")
	if err != nil {
		return "", err
	}
	var l net.Listener
	if addr != "" {
		l, err = net.Listen("tcp", addr)
	}
	if addr == "" || err != nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// certificate makes one that vouches for itself, as PEM with its key.
func certificate() (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "registry of the demo"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 1, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certDER, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return "", "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certDER})),
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})), nil
}

// config is docker-registry's. Its log says each request on a line of its own.
func config(dir, addr string) string {
	in := func(name string) string { return filepath.Join(dir, name) }
	return fmt.Sprintf(`version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: %q}
  cache: {blobdescriptor: inmemory}
http:
  addr: %q
  secret: of-the-demo
  draintimeout: 1s
  tls: {certificate: %q, key: %q}
auth:
  htpasswd: {realm: demo, path: %q}
`, in("data"), addr, in("certs/ca.crt"), in("registry.key"), in("htpasswd"))
}
