package dockerapi

import (
	"maps"
	"slices"
	"strings"
)

// defaultPath is what Docker gives to images that set no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// mergeImage fills in what the request leaves to the image.
func (c *instance) mergeImage() {
	image, config := c.image.Config.Config, c.config
	if len(config.Entrypoint) == 0 && len(config.Cmd) == 0 {
		config.Cmd = image.Cmd
	}
	if config.Entrypoint == nil {
		config.Entrypoint = image.Entrypoint
	}
	// One empty word is how clients say: no entry point at all.
	if len(config.Entrypoint) == 1 && config.Entrypoint[0] == "" {
		config.Entrypoint = nil
	}
	config.Env = mergeEnv(image.Env, config.Env)
	if config.User == "" {
		config.User = image.User
	}
	if config.WorkingDir == "" {
		config.WorkingDir = image.WorkingDir
	}
	if config.StopSignal == "" {
		config.StopSignal = image.StopSignal
	}
	config.Healthcheck = mergeHealth(config.Healthcheck, imageConfig(image).Healthcheck)
	if len(config.Shell) == 0 {
		config.Shell = image.Shell
	}
	labels := maps.Clone(image.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, config.Labels)
	config.Labels = labels
	volumes := maps.Clone(image.Volumes)
	if volumes == nil {
		volumes = map[string]struct{}{}
	}
	maps.Copy(volumes, config.Volumes)
	config.Volumes = volumes
	ports := imageConfig(image).ExposedPorts
	maps.Copy(ports, config.ExposedPorts)
	for p := range c.host.PortBindings {
		ports[p] = struct{}{}
	}
	config.ExposedPorts = ports
}

// mergeEnv lets later variables replace earlier ones of the same name. A name
// without "=" takes the variable away.
func mergeEnv(base, over []string) []string {
	var out []string
	position := map[string]int{}
	for _, v := range slices.Concat(base, over) {
		name, _, hasValue := strings.Cut(v, "=")
		i, known := position[name]
		switch {
		case known && hasValue:
			out[i] = v
		case known:
			out[i] = ""
			delete(position, name)
		case hasValue:
			position[name] = len(out)
			out = append(out, v)
		}
	}
	return slices.DeleteFunc(out, func(v string) bool { return v == "" })
}

// environment is the container's, with the variables Docker adds to it.
func (c *instance) environment() []string {
	base := []string{"PATH=" + defaultPath, "HOSTNAME=" + c.config.Hostname}
	if c.config.Tty {
		base = append(base, "TERM=xterm")
	}
	return mergeEnv(base, c.config.Env)
}
