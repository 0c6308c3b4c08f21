package config

import (
	"slices"
	"strings"

	"github.com/slipway-build/slipway/pattern"
)

// addressForm is the form of a secret of which only a part is one.
const addressForm = "an address with a password"

var (
	// plainValue is what no secret looks like: a switch, a path or a file, a URL, and another variable
	// without a default of its own.
	plainValue = pattern.New(`^(?i:true|false|yes|no|on|off|none|null|\.{0,2}/.*|~/.*` +
		`|[\w./-]+\.(?:pem|key|crt|cer|der|asc|gpg|pgp|pub|json|txt|ya?ml|conf|ini|env|p12|pfx|jks)` +
		`|https?://[^\s@?]*|\$\w+|\$\{\w+(?::?[-+]|:?\?[^}]*)?\})$`)
	// smallNumber is no key, but people do take 1234 for a password.
	smallNumber = pattern.New(`^[0-9]{1,5}$`)
	// authMethod is what AUTH is when it is no secret: how somebody logs in.
	authMethod = pattern.New(`^(?i:basic|digest|bearer|token|jwt|ldaps?|oauth2?|oidc|openid|saml2?|kerberos|gssapi|negotiate|ntlm` +
		`|pam|plain|password|scram(?:[-_]\w+)*|md5|trust|peer|ident|cert|certificate|x509|m?tls|anonymous|local|internal|external` +
		`|default|htpasswd|required|optional|enabled|disabled|any|all|simple|iam|\w+_password)$`)
	// publicValue is a public key, whatever its name.
	publicValue = pattern.New(`^(?:ssh-(?:rsa|ed25519|dss) |ecdsa-sha2-\S+ |sk-\S+@openssh\.com |age1[0-9a-z]{58}$)|-----BEGIN (?:[A-Z]+ )*PUBLIC KEY`)
	// fingerprint is what names a public key of OpenPGP: all its digits, or the last ones.
	fingerprint    = pattern.New(`^(?i:(?:0x)?(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{16}|[0-9a-f]{8})[,;]?)$`)
	fullUpperPrint = pattern.New(`^[0-9A-F]{40}$`)

	// secretValue has, the address last, the forms that services give to their secrets, and addresses with a password.
	secretValue = []struct {
		what    string
		pattern pattern.Pattern
	}{
		{"a private key", pattern.New(`-----BEGIN [A-Z ]*PRIVATE KEY`)},
		{"an AWS access key", pattern.New(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`)},
		{"a GitHub token", pattern.New(`\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{50,}\b`)},
		{"a GitLab token", pattern.New(`\bglpat-[A-Za-z0-9_-]{20,}`)},
		{"a Slack token", pattern.New(`\bxox[abprs]-[A-Za-z0-9-]{10,}`)},
		{"a Google API key", pattern.New(`\bAIza[0-9A-Za-z_-]{35}`)},
		{"a Stripe key", pattern.New(`\b[sr]k_live_[0-9A-Za-z]{16,}`)},
		{"an npm token", pattern.New(`\bnpm_[A-Za-z0-9]{36}\b`)},
		{"a JSON web token", pattern.New(`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)},
		{addressForm, pattern.New(`://[^/\s:@]+:[^/\s:@$]+@`)},
	}
)

// LooksSecret says why a build argument or a variable looks like a secret, by its name or its value, without
// the value; "" when it does not.
func LooksSecret(name, value string) string {
	if form := secretForm(value); form != "" {
		return "its value has the form of " + form
	}
	if namedSecret(name, value) {
		return "its name says so"
	}
	return ""
}

// secretForm is which form of a secret a value has; "" is none.
func secretForm(value string) string {
	for _, form := range secretValue {
		if form.pattern.MatchString(value) {
			return form.what
		}
	}
	return ""
}

// namedSecret tells whether the name says that the value is a secret, and the value may be one.
func namedSecret(name, value string) bool {
	words := nameWords(name)
	at := secretWord(words)
	if at < 0 {
		return false
	}
	value = strings.TrimSpace(value)
	return value == "" || !harmless(words, at, value)
}

// harmless reports a value that is no secret although the word at that place of the name says so.
func harmless(words []string, at int, value string) bool {
	word := unnumbered(words[at])
	kind := at > 0 && secretKinds[words[at-1]]
	switch {
	case plainValue.MatchString(value), publicValue.MatchString(value):
		return true
	case smallNumber.MatchString(value):
		return !saysSecret(word) && !kind
	case word == "AUTH":
		return authMethod.MatchString(value)
	case !isKey[word]:
		return false
	}
	return fingerprints(value, slices.ContainsFunc(words, func(w string) bool { return signerWords[w] }), kind)
}

// fingerprints reports a value that only names public keys, as official images have it in GPG_KEY: one
// or more fingerprints when the name speaks of signatures, else one in the letters of gpg.
func fingerprints(value string, signer, secret bool) bool {
	joined := strings.Join(strings.Fields(value), "")
	switch {
	case secret:
		return false
	case fullUpperPrint.MatchString(joined):
		return true
	case !signer:
		return false
	}
	for field := range strings.FieldsSeq(value) {
		if !fingerprint.MatchString(field) {
			return false
		}
	}
	return true
}
