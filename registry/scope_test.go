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
