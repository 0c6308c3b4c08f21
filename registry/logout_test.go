package registry_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/registry"
)

// TestLogoutWithHelper: only the one answer that says so means that nothing is stored.
func TestLogoutWithHelper(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	const host = "registry.example"
	config := `{"auths":{"registry.example":{}},"credsStore":"test"}`
	for name, c := range map[string]struct {
		script string // of "get"; "" for no program
		found  bool
		text   string // of the error
	}{
		"stored":    {`echo '{"ServerURL":"x","Username":"me","Secret":"` + password + `"}'`, true, ""},
		"nothing":   {`echo "credentials not found in native keychain"; exit 1`, true, ""}, // but in the file
		"locked":    {`echo "the keychain is locked"; exit 1`, false, "the keychain is locked"},
		"talks":     {`echo '{"Secret":"` + password + `"}'; exit 1`, false, "docker-credential-test"},
		"nonsense":  {`echo "what?"`, false, "docker-credential-test"},
		"not there": {"", false, "docker-credential-test"},
	} {
		program, file, erased := filepath.Join(dir, "docker-credential-test"), filepath.Join(dir, "config.json"), filepath.Join(dir, "erased")
		for _, f := range []string{program, erased} {
			if err := os.Remove(f); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		must(t, os.WriteFile(file, []byte(config), 0o600))
		if c.script != "" {
			script := "#!/bin/sh\ncat >/dev/null\ncase $1 in\nget) " + c.script + " ;;\nerase) touch " + erased + " ;;\nesac\n"
			must(t, os.WriteFile(program, []byte(script), 0o700))
		}
		found, _, err := registry.Logout(host)
		if found != c.found || (err == nil) != (c.text == "") || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, %v", name, found, err)
		}
		if err != nil {
			leaks(t, "an error", err.Error())
		}
		if _, err := os.Stat(erased); (err == nil) != (name == "stored") {
			t.Errorf("%s: erase was called: %v", name, err == nil)
		}
		data, err := os.ReadFile(file)
		must(t, err)
		if kept := string(data) == config; kept != (c.text != "") {
			t.Errorf("%s: the file is now %s", name, data)
		}
	}
}
