package slipway

import "testing"

// TestAuthor: what "dch" of devscripts 2.23.4 writes for the same variables, and git and the
// configuration where that would ask the machine.
func TestAuthor(t *testing.T) {
	for _, tt := range []struct {
		what      string
		env       map[string]string
		gitName   string
		gitEmail  string
		wantName  string
		wantEmail string
	}{
		{"both", map[string]string{"DEBFULLNAME": "Ann Deb", "DEBEMAIL": "ann@deb.example"}, "G", "g@git", "Ann Deb", "ann@deb.example"},
		{"a name in DEBEMAIL", map[string]string{"DEBEMAIL": "Ann Deb <ann@deb.example>"}, "G", "g@git", "Ann Deb", "ann@deb.example"},
		{"DEBFULLNAME before that", map[string]string{"DEBFULLNAME": "Bea", "DEBEMAIL": "Ann Deb <ann@deb.example>"}, "G", "g@git", "Bea", "ann@deb.example"},
		{"an address alone", map[string]string{"DEBEMAIL": "ann@deb.example"}, "G", "g@git", "G", "ann@deb.example"},
		{"EMAIL", map[string]string{"EMAIL": "e@mail.example"}, "G", "g@git", "G", "e@mail.example"},
		{"a name in EMAIL", map[string]string{"EMAIL": "Eve Mail <e@mail.example>"}, "G", "g@git", "Eve Mail", "e@mail.example"},
		{"the name of one, the address of the other", map[string]string{"DEBEMAIL": "ann@deb.example", "EMAIL": "Eve Mail <e@mail.example>"}, "G", "g@git", "Eve Mail", "ann@deb.example"},
		{"all three", map[string]string{"DEBFULLNAME": "Bea", "DEBEMAIL": "ann@deb.example", "EMAIL": "Eve Mail <e@mail.example>"}, "", "", "Bea", "ann@deb.example"},
		{"blank ones are not set", map[string]string{"DEBFULLNAME": "", "DEBEMAIL": "", "EMAIL": ""}, "G", "g@git", "G", "g@git"},
		{"nor are spaces", map[string]string{"DEBFULLNAME": " ", "DEBEMAIL": " \t", "EMAIL": " "}, "G", "g@git", "G", "g@git"},
		{"a blank one before EMAIL", map[string]string{"DEBEMAIL": "", "EMAIL": "Eve Mail <e@mail.example>"}, "G", "g@git", "Eve Mail", "e@mail.example"},
		{"brackets without a name", map[string]string{"DEBEMAIL": "<ann@deb.example>"}, "G", "g@git", "G", "ann@deb.example"},
		{"nothing", nil, "", "", "Fallback", "fallback@example.com"},
	} {
		a := author{
			env: func(name string) string { return tt.env[name] },
			git: func(key string) string {
				return map[string]string{"user.name": tt.gitName, "user.email": tt.gitEmail}[key]
			},
			name: "Fallback", email: "fallback@example.com",
		}
		if name, email := a.find(); name != tt.wantName || email != tt.wantEmail {
			t.Errorf("%s: got %q, %q", tt.what, name, email)
		}
	}
}
