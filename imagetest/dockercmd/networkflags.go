package dockercmd

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/docker/go-connections/nat"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/spf13/pflag"
)

// networkFlags say what the container sees of the network, and who sees it there.
type networkFlags struct {
	network                                                   opts.NetworkOpt
	publish, expose, hosts, links, dns, dnsSearch, dnsOptions opts.ListOpts
	publishAll                                                bool
}

func (f *networkFlags) register(fs *pflag.FlagSet) {
	f.publish, f.expose, f.dnsOptions = opts.NewListOpts(nil), opts.NewListOpts(nil), opts.NewListOpts(nil)
	f.hosts, f.links = opts.NewListOpts(opts.ValidateExtraHost), opts.NewListOpts(opts.ValidateLink)
	f.dns, f.dnsSearch = opts.NewListOpts(opts.ValidateIPAddress), opts.NewListOpts(opts.ValidateDNSSearch)
	fs.Var(&f.network, "network", "`MODE`: host (the default) or none")
	fs.Var(&f.network, "net", "as --network")
	_ = fs.MarkHidden("net") // it is there
	fs.VarP(&f.publish, "publish", "p", "forward a port: `[HOST:]CONTAINER`")
	fs.BoolVarP(&f.publishAll, "publish-all", "P", false, "forward all exposed ports")
	fs.Var(&f.expose, "expose", "expose a `PORT`")
	fs.Var(&f.hosts, "add-host", "add a line to /etc/hosts: `NAME:ADDRESS`")
	fs.Var(&f.links, "link", "add the name of another container to /etc/hosts: `CONTAINER[:NAME]`")
	fs.Var(&f.dns, "dns", "`ADDRESS` of a name server")
	fs.Var(&f.dnsSearch, "dns-search", "`DOMAIN` in which short names are looked up")
	fs.Var(&f.dnsOptions, "dns-option", "`OPTION` of resolv.conf")
	fs.Var(&f.dnsOptions, "dns-opt", "as --dns-option")
	_ = fs.MarkHidden("dns-opt") // it is there
}

func (f *networkFlags) apply(_ *pflag.FlagSet, o *RunOptions) error {
	h := &o.Host
	h.NetworkMode, h.PublishAllPorts = container.NetworkMode(f.network.NetworkMode()), f.publishAll
	if given := f.network.Value(); len(given) == 0 {
		h.NetworkMode = ""
	}
	h.ExtraHosts, h.Links = f.hosts.GetSlice(), f.links.GetSlice()
	h.DNSSearch, h.DNSOptions = f.dnsSearch.GetSlice(), f.dnsOptions.GetSlice()
	for _, text := range f.dns.GetSlice() {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("invalid argument %q for \"--dns\" flag: %w", text, err)
		}
		h.DNS = append(h.DNS, addr)
	}
	o.Config.ExposedPorts, h.PortBindings = network.PortSet{}, network.PortMap{}
	for _, text := range f.publish.GetSlice() {
		if err := publish(text, o); err != nil {
			return fmt.Errorf("invalid argument %q for \"--publish\" flag: %w", text, err)
		}
	}
	for _, text := range f.expose.GetSlice() {
		ports, err := network.ParsePortRange(text)
		if err != nil {
			return fmt.Errorf("invalid argument %q for \"--expose\" flag: %w", text, err)
		}
		for port := range ports.All() {
			o.Config.ExposedPorts[port] = struct{}{}
		}
	}
	return nil
}

// publish reads "[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]" or "published=HOST,target=CONTAINER[,protocol=…]".
func publish(text string, o *RunOptions) error {
	if strings.Contains(text, "=") {
		fields := opts.ConvertKVStringsToMap(strings.Split(text, ","))
		text = fields["published"] + ":" + fields["target"]
		if protocol := fields["protocol"]; protocol != "" {
			text += "/" + protocol
		}
	}
	mappings, err := nat.ParsePortSpec(text)
	if err != nil {
		return err
	}
	for _, m := range mappings {
		port, err := network.ParsePort(string(m.Port))
		if err != nil {
			return err
		}
		binding := network.PortBinding{HostPort: m.Binding.HostPort}
		if m.Binding.HostIP != "" {
			if binding.HostIP, err = netip.ParseAddr(m.Binding.HostIP); err != nil {
				return err
			}
		}
		o.Config.ExposedPorts[port] = struct{}{}
		o.Host.PortBindings[port] = append(o.Host.PortBindings[port], binding)
	}
	return nil
}
