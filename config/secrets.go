package config

import (
	"maps"
	"net/url"
	"slices"

	"github.com/slipway-build/slipway/pattern"
)

// Hidden is a secret that the configuration holds: nobody may read it.
type Hidden struct {
	Text Secret
	What string // what it is, with its place if it has one, for messages
}

// secrecy finds the secrets in the value of a key.
type secrecy func(c *Config, k *key) []Hidden

// Secrets are what the configuration holds that nobody may read. Which keys have some, their table says.
func (c *Config) Secrets() (found []Hidden) {
	t := keys()
	if c.loaded != nil {
		t = c.loaded().table
	}
	for i := range t {
		switch k := &t[i]; {
		case k.private != "":
			if secret, _ := k.end.get(c).(Secret); secret != "" {
				found = append(found, Hidden{secret, at(c.Place(k.name), k.private)})
			}
		case k.secret != nil:
			found = append(found, k.secret(c, k)...)
		}
	}
	return found
}

// at puts a place before what a message says.
func at(place, what string) string {
	if place == "" {
		return what
	}
	return place + ": " + what
}

// passwordInAddress is the secrecy of a key whose value is an address.
func passwordInAddress(c *Config, k *key) []Hidden {
	address, _ := k.end.get(c).(string)
	password := AddressPassword(address)
	if password == "" {
		return nil
	}
	what := at(c.Place(k.name), "the password in "+k.name)
	found := []Hidden{{Secret(password), what}}
	if decoded, err := url.PathUnescape(password); err == nil && decoded != password {
		found = append(found, Hidden{Secret(decoded), what}) // programs print it as they are given it, or as they send it
	}
	return found
}

// secretArguments are those of listed images that look like secrets.
func secretArguments(c *Config, _ *key) (found []Hidden) {
	for _, l := range c.Builder {
		for _, name := range slices.Sorted(maps.Keys(l.Args)) {
			value := l.Args[name]
			what := at(l.Place(), "the argument "+name+" of "+l.Name)
			if password := AddressPassword(value); password != "" {
				found = append(found, Hidden{Secret(password), what})
			} else if value != "" && LooksSecret(name, value) != "" {
				found = append(found, Hidden{Secret(value), what})
			}
		}
	}
	return found
}

var addressUser = pattern.New(`^(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#@:]*:([^/?#]*)@`)

// AddressPassword is the password as the address has it; curl and apt take one without a scheme, too.
func AddressPassword(address string) string {
	m := addressUser.FindStringSubmatch(address)
	if m == nil {
		return ""
	}
	return m[1]
}
