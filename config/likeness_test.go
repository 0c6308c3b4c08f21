package config

import (
	"strings"
	"testing"
)

// TestSecretNames has names with a value that says nothing. BuildKit's rule reports those of the first
// list that have its words alone; most of the second list, too.
func TestSecretNames(t *testing.T) {
	secret := strings.Fields(`
		PASSWORD password DB_PASSWORD db-password dbPassword MYSQL_ROOT_PASSWORD POSTGRES_PASSWORD PGPASSWORD
		PASSWORD_MYSQL PASSWORD2 PASSWORD_1 ADMIN_PASSWD PASSWD HTPASSWD ROOT_PWORD SSH_PASSPHRASE GPG_PASSPHRASE
		DB_PASS PASS SMTP_PASS SSHPASS DBPASS MYSQL_PWD DB_PWD DBPWD WIFI_PSK
		SECRET SECRET_1 CLIENT_SECRET clientSecret SECRET_KEY SECRET_KEY_BASE DJANGO_SECRET_KEY AWS_SECRET_ACCESS_KEY
		JWT_SECRET SECRET_BASE64 APP_SECRETS SECRET_DJANGO
		TOKEN NPM_TOKEN GITHUB_TOKEN TOKEN_GITHUB NPMTOKEN accessToken GH_PAT USER_JWT VAULT_TOKEN TOKEN_VALUE
		API_KEY APIKEY apiKey APIKey MY_APIKEY MYAPIKEY OPENAI_API_KEY API_KEY_PROD STRIPE_KEY KEY SSH_KEY SSH_PRIVATE_KEY
		PRIVATE_KEY PRIVATE_KEY_BASE64 SSHKEY PRIVKEY GPG_KEY GPG_PRIVATE_KEY SIGNING_KEY ENCRYPTION_KEY MASTER_KEY
		LICENSE_KEY TLS_KEY APP_KEY ACCESS_KEY AWS_ACCESS_KEY_ID DEPLOY_KEY HMAC_KEY SSH_KEYS
		AUTH X_AUTH HTTP_AUTH BASIC_AUTH REDIS_AUTH DOCKER_AUTH AUTH_TOKEN AUTH_KEY NPM_AUTH_TOKEN
		CREDENTIALS AWS_CREDENTIALS GIT_CREDENTIAL DB_CREDS REGISTRY_CRED`)
	harmless := strings.Fields(`
		PASSWORD_FILE POSTGRES_PASSWORD_FILE PASSWORDFILE SECRET_FILE TOKEN_FILE KEY_FILE TLS_KEY_FILE SSH_KEY_PATH
		SECRETS_DIR TOKEN_URL TOKEN_URI TOKEN_ENDPOINT AUTH_URL AUTH_METHOD AUTH_TYPE AUTH_MODE AUTH_PROVIDER AUTH_BACKEND
		AUTH_ENABLED AUTH_SERVER AUTH_HOST AUTH_DB AUTH_USER ENABLE_AUTH NO_AUTH DISABLE_AUTH AUTHOR AUTHORS AUTHORITY
		AUTHENTICATION_PROVIDER AUTHENTICATION_SLUG OAUTH_PROVIDER AUTHZ_MODE GIT_AUTHOR_NAME
		PASSWORD_MIN_LENGTH MAX_PASSWORD_LENGTH PASSWORD_POLICY PASSWORD_PROMPT ALLOW_EMPTY_PASSWORD RANDOM_ROOT_PASSWORD
		TOKENIZERS_PARALLELISM TOKENIZER MAX_TOKENS TOKEN_LIMIT TOKEN_TTL TOKEN_EXPIRY PAD_TOKEN EOS_TOKEN SECRET_NAME
		SECRET_PATH SECRET_VERSION KEY_ID GPG_KEY_ID RABBITMQ_PGP_KEY_ID OPENSSL_PGP_KEY_IDS KEY_SERVER GPG_KEYSERVER
		KEYSERVER KEYRING GPG_KEYRING ARCHIVE_KEYRING APT_KEYRING KEY_RING DEBIAN_ARCHIVE_KEYRING KEYBOARD KEYMAP
		KEYWORDS KEYSTORE KEYSTORE_TYPE MONKEY TURKEY HOTKEY WHISKEY PUBLIC_KEY SSH_PUBLIC_KEY PUBLIC_KEY_TOKEN PUB_KEY
		SSH_PUBLIC_ACCESS_KEY VERIFY_KEY SORT_KEY FOREIGN_KEY PARTITION_KEY CACHE_KEY KEY_PREFIX KEY_LENGTH KEY_TYPE
		KEY_FINGERPRINT GPG_KEY_FINGERPRINT KEY_ALGORITHM PWD OLDPWD OLD_PWD BYPASS COMPASS_VERSION PASSENGER_VERSION
		PASS_THROUGH PASSIVE PATH PATTERN PATCH_LEVEL COMPATIBILITY CREDENTIAL_HELPER CREDENTIALS_PROVIDER PIPX_HOME
		SECRETARY TOKENS_PER_SECOND SECRET_REF`)
	if len(secret) < 60 || len(harmless) < 60 {
		t.Fatalf("%d and %d names", len(secret), len(harmless))
	}
	for _, name := range secret {
		for _, value := range []string{"", "dGhpcyBpcw", "hunter2 x"} {
			if LooksSecret(name, value) == "" {
				t.Errorf("%s=%s is missed", name, value)
			}
		}
	}
	for _, name := range harmless {
		for _, value := range []string{"", "dGhpcyBpcw", "hunter2 x"} {
			if why := LooksSecret(name, value); why != "" {
				t.Errorf("%s=%s: %s", name, value, why)
			}
		}
	}
}

func TestSecretValues(t *testing.T) {
	const print = "E3FF2839C048B25C084DEBE9B26995E310250568"
	for _, test := range []struct {
		name, value string
		want        bool
	}{
		{"MY_APIKEY", "1", true},
		{"API_KEY", "1", true},
		{"DB_PASSWORD", "1234", true},
		{"DB_PASSWORD", "no", false},
		{"X_AUTH", "1", false},
		{"CACHE_KEYS", "4096", false},
		{"GPG_KEY", print, false},
		{"GPG_KEY", strings.ToLower(print), false},
		{"GPG_KEY", "0x" + print, false},
		{"GPG_KEY", "E3FF 2839 C048 B25C 084D  EBE9 B269 95E3 1025 0568", false},
		{"GPG_KEYS", print + " " + print, false},
		{"GPG_KEYS", print + "\\\n  " + print, true},
		{"PHP_RELEASE_KEY", "10250568", false},
		{"NGINX_GPGKEY", print, false},
		{"GOSU_KEY", print, false},
		{"GOSU_KEY", strings.ToLower(print), true},
		{"API_KEY", print, true},
		{"SECRET_KEY", print, true},
		{"ENCRYPTION_KEY", print, true},
		{"GPG_KEY", print + "00", true},
		{"GPG_PASSPHRASE", print, true},
		{"TOKEN", print, true},
		{"GPG_KEY", "https://example.org/key.asc", false},
		{"GPG_KEY", "-----BEGIN PGP PUBLIC KEY BLOCK-----", false},
		{"GPG_KEY", "-----BEGIN PGP PRIVATE KEY BLOCK-----", true},
		{"SSH_KEY", "ssh-ed25519 AAAAC3Nza me@example.org", false},
		{"SSH_KEY", "id_ed25519.pub", false},
		{"SSH_KEY", "~/.ssh/id_rsa", false},
		{"SSH_KEY", "b3BlbnNzaC1rZXktdjE", true},
		{"TLS_KEY", "server.key", false},
		{"X_AUTH", "basic", false},
		{"MYSQL_AUTH", "mysql_native_password", false},
		{"X_AUTH", "scram-sha-256", false},
		{"X_AUTH", "bWU6aHVudGVyMg==", true},
		{"TOKEN", "basic", true},
		{"MYSQL_PWD", "hunter2", true},
		{"APP_PWD", "/srv/app", false},
		{"DB_PASSWORD", "${PASSWORD}", false},
		{"DB_PASSWORD", "${PASSWORD:-}", false},
		{"DB_PASSWORD", "${PASSWORD:?give it}", false},
		{"DB_PASSWORD", "${PASSWORD:-hunter2}", true},
		{"DB_PASSWORD", "${PASSWORD}hunter2", true},
		{"TOKEN", "https://h.example/?t=hunter2", true},
	} {
		why := LooksSecret(test.name, test.value)
		if (why != "") != test.want {
			t.Errorf("%s=%q: %q, want secret %v", test.name, test.value, why, test.want)
		}
		if len(test.value) > 8 && strings.Contains(why, test.value) {
			t.Errorf("%q shows the secret", why)
		}
	}
}

func TestLooksSecret(t *testing.T) {
	for _, test := range []struct {
		name, value string
		want        bool
	}{
		{"NPM_TOKEN", "", true}, // an ARG: it will be given
		{"DB_PASSWORD", "hunter2", true},
		{"password", "x y", true},
		{"AWS_SECRET_ACCESS_KEY", "abc", true},
		{"apiKey", "abc", true},
		{"API_KEY", "abc", true},
		{"SECRET_1", "abc", true},
		{"TLS_KEY", "/etc/tls.key", false},
		{"PASSWORD_FILE", "/run/secrets/x", false},
		{"DB_PASSWORD", "/run/secrets/x", false},
		{"DB_PASSWORD", "$PASSWORD", false},
		{"DB_PASSWORD", "${PASSWORD:-}", false},
		{"TOKEN_URL", "https://example.com", false},
		{"TOKENIZERS_PARALLELISM", "false", false},
		{"ALLOW_EMPTY_PASSWORD", "yes", false},
		{"SSH_PUBLIC_ACCESS_KEY", "ssh-ed25519 AAAA", false},
		{"GPG_KEY", "E3FF2839C048B25C084DEBE9B26995E310250568", false}, // public keys are named so
		{"KEYBOARD", "de", false},
		{"MONKEY", "x", false},
		{"PATH", "/usr/bin", false},
		{"A", "AKIA" + "ABCDEFGHIJKLMNOP", true},
		{"A", "gh" + "p_" + strings.Repeat("a", 36), true},
		{"A", "https://user:pass@example.com/", true},
		{"A", "https://user:$PASS@example.com/", false},
		{"A", "https://user@example.com:80/", false},
		{"A", "-----BEGIN RSA PRIVATE KEY-----", true},
	} {
		why := LooksSecret(test.name, test.value)
		if (why != "") != test.want {
			t.Errorf("%s=%s: %q, want secret %v", test.name, test.value, why, test.want)
		}
		if test.value != "" && len(test.value) > 8 && strings.Contains(why, test.value) {
			t.Errorf("%q shows the secret", why)
		}
	}
}
