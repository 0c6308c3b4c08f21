package enginetest

import (
	"crypto/ed25519"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh"
)

// AgentClient builds a static program for images that prints the keys of the SSH agent that it finds.
func AgentClient(t testing.TB) (program []byte) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "agentclient")
	cmd := exec.Command("go", "build", "-o", out, "github.com/slipway-build/slipway/internal/enginetest/agentclient")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot build the client of SSH agents: %v\n%s", err, said)
	}
	program, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// NewKey makes a private key.
func NewKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// SSHKey writes a new private key without a passphrase, as ssh-keygen does.
func SSHKey(t testing.TB, path string) (private []byte) {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(NewKey(t), "")
	if err != nil {
		t.Fatal(err)
	}
	private = pem.EncodeToMemory(block)
	if err := os.WriteFile(path, private, 0o600); err != nil {
		t.Fatal(err)
	}
	return private
}
