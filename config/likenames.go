package config

import (
	"strings"
	"unicode"
)

// The words are those of BuildKit's rule SecretsUsedInArgOrEnv and those that fleets use beside them.
// BuildKit's finds a word anywhere in a name and lets public, file and version excuse it; more words
// excuse here, because TOKEN_URL and MAX_PASSWORD_LENGTH are no secrets.
var (
	// secretWords say secret wherever they are in a name: PASSWORD_MYSQL, SECRET_KEY_BASE.
	secretWords = set(`PASSWORD PASSWD PASSPHRASE PASSWORT PWORD PSWD SECRET TOKEN APIKEY HTPASSWD`)
	// secretEnds make one word with what they belong to: PGPASSWORD, authtoken.
	secretEnds = []string{"PASSWORD", "PASSWD", "PASSPHRASE", "APIKEY", "SECRET", "TOKEN"}
	// lastWords say secret at the end of a name alone: AUTH_DB and KEY_PREFIX are something else.
	lastWords = set(`AUTH PASS PWD PSK JWT PAT CREDENTIAL CREDENTIALS CREDS CRED SECRETS TOKENS PASSWORDS
		KEY KEYS SSHKEY GPGKEY GPGKEYS PGPKEY PRIVKEY PRIVATEKEY SECRETKEY ACCESSKEY AUTHKEY APPKEY MASTERKEY
		DBPASS USERPASS ROOTPASS SSHPASS DBPWD ROOTPWD USERPWD`)
	isKey = set(`KEY KEYS GPGKEY GPGKEYS PGPKEY`)

	// afterwards are words behind a secret's that make the name speak of the secret only.
	afterwards = set(`FILE FILES FILENAME PATH PATHS DIR DIRS DIRECTORY FOLDER URL URLS URI URIS ENDPOINT HOST HOSTS
		HOSTNAME SERVER SERVERS PORT ADDR ADDRESS NAME NAMES ID IDS TYPE KIND METHOD METHODS MODE PROVIDER BACKEND
		DRIVER PLUGIN MODULE CLASS SERVICE HELPER COMMAND CMD PROMPT LENGTH LEN SIZE BITS MIN MAX LIMIT LIMITS COUNT
		TTL TIMEOUT EXPIRY EXPIRES EXPIRE EXPIRATION LIFETIME DURATION AGE ROTATION INTERVAL POLICY RULES VERSION
		ALGORITHM ALG ALGO FORMAT ENCODING ENCRYPTION HASHER CURVE ENABLED DISABLED ENABLE DISABLE REQUIRED OPTIONAL
		RING FINGERPRINT FINGERPRINTS HEADER FIELD PARAM COLUMN LABEL PREFIX SUFFIX PATTERN REGEX SCOPE SCOPES REALM
		ISSUER AUDIENCE SUBJECT CLAIM CLAIMS REF SOURCE STORE MOUNT MANAGER ENGINE ROLE REGION NAMESPACE PROJECT SLUG
		ALIAS TOOL DOMAIN SCHEME RATE HINT CERT SHA256 SHA512 CHECKSUM`)
	// before are words in front of a secret's that do so.
	before = set(`ENABLE ENABLED DISABLE DISABLED ALLOW REQUIRE USE NO SKIP HAS IS WITH WITHOUT SHOW HIDE MIN MAX NUM
		RANDOM GENERATE CHECK VERIFY SUPPORT`)
	anywhere = set(`PUBLIC PUB`)
	// harmlessKinds make of KEY or TOKEN something that is meant to be seen.
	harmlessKinds = map[string]map[string]bool{
		"KEY":   set(`SORT FOREIGN PARTITION CACHE ROUTING LOOKUP OBJECT VERIFICATION TRUSTED HOT`),
		"TOKEN": set(`PAD EOS BOS UNK MASK SEP CLS STOP START END IMAGE`),
	}

	// qualifiers say which secret, or in what form, behind its word.
	qualifiers = set(`BASE64 B64 VALUE TEXT STRING PLAIN RAW HEX PROD PRODUCTION DEV STAGING STAGE TEST OLD NEW CURRENT
		PREVIOUS DEFAULT PRIMARY SECONDARY`)
	// secretKinds make a secret of KEY even if its value has forty digits of a fingerprint.
	secretKinds = set(`API APP ACCESS SECRET PRIVATE MASTER ENCRYPTION ENCRYPT AUTH LICENSE SESSION STORAGE ACCOUNT`)
	signerWords = set(`GPG PGP OPENPGP GNUPG GPGKEY GPGKEYS PGPKEY RELEASE SIGNING KEYS`)
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// nameWords splits a name at what is no letter or digit, and camelCase, into upper-case words.
func nameWords(name string) []string {
	var words []string
	runes := []rune(name)
	start := 0
	end := func(i int) {
		if i > start {
			words = append(words, strings.ToUpper(string(runes[start:i])))
		}
		start = i
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end(i)
			start = i + 1
		case i == 0 || !unicode.IsUpper(r):
		case unicode.IsLower(runes[i-1]), i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1]):
			end(i)
		}
	}
	end(len(runes))
	return words
}

// secretWord returns the place of the word that makes a name a secret's, -1 if there is none.
func secretWord(words []string) int {
	for _, w := range words {
		if anywhere[w] {
			return -1
		}
	}
	last := len(words) - 1
	for last > 0 && (qualifiers[words[last]] || strings.Trim(words[last], "0123456789") == "") {
		last--
	}
	for i := last; i >= 0; i-- {
		w := unnumbered(words[i])
		if saysSecret(w) || i == last && lastWords[w] && !workingDirectory(words) || isAccessKeyID(words, i) {
			return excused(words, i, w)
		}
	}
	return -1
}

// unnumbered is PASSWORD for PASSWORD2.
func unnumbered(word string) string { return strings.TrimRight(word, "0123456789") }

func saysSecret(w string) bool {
	if secretWords[w] {
		return true
	}
	for _, end := range secretEnds {
		if strings.HasSuffix(w, end) {
			return true
		}
	}
	return false
}

// workingDirectory reports the shell's own PWD.
func workingDirectory(words []string) bool {
	return words[len(words)-1] == "PWD" && (len(words) == 1 || words[len(words)-2] == "OLD")
}

// isAccessKeyID reports AWS_ACCESS_KEY_ID, half of a pair: BuildKit's own example of a secret.
func isAccessKeyID(words []string, i int) bool {
	return i >= 2 && words[i] == "ID" && words[i-1] == "KEY" && words[i-2] == "ACCESS"
}

// excused returns i, or -1 if other words of the name make it speak of the secret at i only.
func excused(words []string, i int, w string) int {
	for _, other := range words[i+1:] {
		if afterwards[other] {
			return -1
		}
	}
	for _, other := range words[:i] {
		if before[other] {
			return -1
		}
	}
	if i > 0 && harmlessKinds[w][words[i-1]] {
		return -1
	}
	return i
}
