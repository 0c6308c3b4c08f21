package registry

import "testing"

// TestScopeOfKey: keys of auths as Docker, Podman and other tools write them.
func TestScopeOfKey(t *testing.T) {
	for key, want := range map[string]scope{
		"https://index.docker.io/v1/":      {"docker.io", ""},
		"index.docker.io/v1":               {"docker.io", ""},
		"docker.io":                        {"docker.io", ""},
		"registry-1.docker.io":             {"docker.io", ""},
		"docker.io/team":                   {"docker.io", "team"},
		"https://index.docker.io/team":     {"docker.io", "team"},
		"registry.example":                 {"registry.example", ""},
		"registry.example:5000":            {"registry.example:5000", ""},
		"https://registry.example:5000/":   {"registry.example:5000", ""},
		"http://registry.example/v2/":      {"registry.example", ""},
		"registry.example/v1/":             {"registry.example", ""},
		"registry.example/v1":              {"registry.example", "v1"},
		"registry.example/v1/app":          {"registry.example", "v1/app"},
		"registry.example/team/app/":       {"registry.example", "team/app"},
		"https://[::1]:5000/team":          {"[::1]:5000", "team"},
		"https://europe.pkg.example/p/r/v": {"europe.pkg.example", "p/r/v"},
	} {
		if got := scopeOfKey(key); got != want {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
}

// TestPaddedPassword: some logins have left zero bytes behind the password, which Docker's client never sends.
func TestPaddedPassword(t *testing.T) {
	d, ok := parseDockerConfig([]byte(`{"auths": {"registry.example": {"auth": "YW5uOnB3AAA="}}}`)) // ann:pw and two of them
	if !ok {
		t.Fatal("the file is refused")
	}
	if got, err := d.login(scope{host: "registry.example"}); err != nil || got.Username != "ann" || got.Password != "pw" {
		t.Errorf("%q %q, %v", got.Username, got.Password, err)
	}
}
