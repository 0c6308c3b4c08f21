package registrytest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const tokenService, tokenIssuer = "registry of a test", "token server of a test"

// Tokens is a token server as the token authentication spec has it. Its tokens are signed, and
// docker-registry verifies them.
type Tokens struct {
	User, Password string // who may push; nobody else gets a token
	Anonymous      bool   // everybody may pull

	srv *httptest.Server
	key *ecdsa.PrivateKey
	der []byte

	mu      sync.Mutex
	issued  int
	scopes  []string
	refuses bool
}

// StartTokens starts one on a free port.
func StartTokens(t testing.TB, user, password string) *Tokens {
	t.Helper()
	k := &Tokens{User: user, Password: password, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: tokenIssuer},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	var err error
	if k.der, err = x509.CreateCertificate(rand.Reader, template, template, k.key.Public(), k.key); err != nil {
		t.Fatal(err)
	}
	k.srv = httptest.NewServer(k)
	t.Cleanup(k.srv.Close)
	return k
}

// URL is the realm.
func (k *Tokens) URL() string { return k.srv.URL + "/token" }

// Certificate is what registries verify the tokens with, as PEM.
func (k *Tokens) Certificate() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.der})
}

// Issued is how many tokens were given out, and for which scopes.
func (k *Tokens) Issued() (int, []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.issued, k.scopes
}

// Refuse says whether the user is trusted no more: nobody gets a token then.
func (k *Tokens) Refuse(refuses bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refuses = refuses
}

// ServeHTTP gives out tokens.
func (k *Tokens) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	user, password, given := req.BasicAuth()
	k.mu.Lock()
	refuses := k.refuses
	k.mu.Unlock()
	trusted := given && user == k.User && password == k.Password && !refuses
	if given && !trusted || !given && !k.Anonymous {
		http.Error(w, "no "+password+" here", http.StatusUnauthorized) // repeats the password: it must not get further
		return
	}
	type access struct {
		Type    string   `json:"type"`
		Name    string   `json:"name"`
		Actions []string `json:"actions"`
	}
	list := []access{}
	for _, scope := range strings.Fields(strings.Join(req.URL.Query()["scope"], " ")) {
		parts := strings.Split(scope, ":")
		if len(parts) != 3 {
			http.Error(w, "bad scope", http.StatusBadRequest)
			return
		}
		actions := strings.Split(parts[2], ",")
		if !trusted {
			actions = []string{"pull"}
		}
		list = append(list, access{parts[0], parts[1], actions})
	}
	now := time.Now()
	k.mu.Lock()
	k.issued++
	k.scopes = append(k.scopes, req.URL.Query()["scope"]...)
	id := k.issued
	k.mu.Unlock()
	token, err := k.sign(map[string]any{
		"iss": tokenIssuer, "sub": user, "aud": tokenService, "jti": fmt.Sprint(id), "access": list,
		"exp": now.Add(5 * time.Minute).Unix(), "nbf": now.Add(-time.Minute).Unix(), "iat": now.Unix(),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_in": 300})
}

// sign makes a JSON Web Token (RFC 7519) with ES256 and the certificate in x5c.
func (k *Tokens) sign(claims map[string]any) (string, error) {
	header := map[string]any{"typ": "JWT", "alg": "ES256", "x5c": []string{base64.StdEncoding.EncodeToString(k.der)}}
	h, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString(h) + "." + enc.EncodeToString(c)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, k.key, sum[:])
	if err != nil {
		return "", err
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + enc.EncodeToString(sig), nil
}
