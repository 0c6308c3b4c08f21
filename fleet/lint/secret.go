package lint

import (
	"regexp"
	"strings"
)

var (
	// secretName is a name that ends in a word for a secret. What only speaks of one (TOKEN_URL,
	// PASSWORD_FILE) ends in another word.
	secretName = regexp.MustCompile(`(?i)(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|` +
		`APIKEY|(?:API|ACCESS|SECRET|PRIVATE|SIGNING|ENCRYPTION|MASTER|AUTH|LICENSE)_?KEY)(?:_?[0-9]+)?(?:_(?:BASE64|B64|VALUE))?$`)
	publicName = regexp.MustCompile(`(?i)(?:^|_)PUBLIC(?:_|$)`)

	// plainValue is what no secret looks like: nothing, a switch, a small number, a path, another
	// variable.
	plainValue = regexp.MustCompile(`^(?i:|true|false|yes|no|on|off|none|null|[0-9]{1,5}|\.{0,2}/.*|\$\w+|\$\{[^}]*\})$`)

	// secretValue has the forms that services give to their secrets, and addresses with a password.
	secretValue = []struct {
		what    string
		pattern *regexp.Regexp
	}{
		{"a private key", regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`)},
		{"an AWS access key", regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`)},
		{"a GitHub token", regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{50,}\b`)},
		{"a GitLab token", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`)},
		{"a Slack token", regexp.MustCompile(`\bxox[abprs]-[A-Za-z0-9-]{10,}`)},
		{"a Google API key", regexp.MustCompile(`\bAIza[0-9A-Za-z_-]{35}`)},
		{"a Stripe key", regexp.MustCompile(`\b[sr]k_live_[0-9A-Za-z]{16,}`)},
		{"an npm token", regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}\b`)},
		{"a JSON web token", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)},
		{"an address with a password", regexp.MustCompile(`://[^/\s:@]+:[^/\s:@$]+@`)},
	}
)

// looksSecret says why a variable looks like a secret, without its value; "" when it does not.
func looksSecret(name, value string) string {
	for _, form := range secretValue {
		if form.pattern.MatchString(value) {
			return "its value has the form of " + form.what
		}
	}
	if !secretName.MatchString(name) || publicName.MatchString(name) {
		return ""
	}
	if value != "" && plainValue.MatchString(strings.TrimSpace(value)) {
		return ""
	}
	return "its name says so"
}
