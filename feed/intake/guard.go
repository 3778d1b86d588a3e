package intake

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// errPrivate refuses an address that a feed may not lead to.
var errPrivate = errors.New("the address is one of a private network")

// notPublic are the ranges of the IANA special-purpose registries (RFC 6890 and its updates) that netip has no word
// for: shared, protocol, documentation, benchmarking, reserved; and those that embed an IPv4 address in an IPv6 one,
// which could hide any of them.
var notPublic = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10", "::/96",
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, t := range texts {
		all = append(all, netip.MustParsePrefix(t))
	}
	return all
}

// public reports an address that anybody on the Internet may be reached at.
func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// guard looks at each address right before it is connected to, after names have been looked up: a name cannot lead
// elsewhere than where it was checked.
func guard(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", errPrivate, err)
	}
	if !public(at.Addr()) {
		return fmt.Errorf("%w: %s", errPrivate, at.Addr())
	}
	return nil
}

const (
	dialTime     = 10 * time.Second
	headerBytes  = 64 << 10 // of an answer
	handshakeMax = 10 * time.Second
)

// newClient makes the client of all pulls. It uses no proxy: the guard could not see what one connects to.
func newClient(s Settings, dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Client {
	if dial == nil {
		d := &net.Dialer{Timeout: dialTime}
		if !s.AllowPrivate {
			d.Control = guard
		}
		dial = d.DialContext
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dial, TLSHandshakeTimeout: handshakeMax, MaxResponseHeaderBytes: headerBytes,
			DisableKeepAlives: true, // an hour lies between two pulls
			ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(next *http.Request, via []*http.Request) error { return redirect(next, via, s.Redirects) },
	}
}

// credentialsKey is the context key of the name of the header that must not leave for another host.
type credentialsKey struct{}

// What a redirect is refused for.
var errRedirect = errors.New("redirect")

// redirect bounds redirects, and keeps a partner's credentials to the host they are for. via begins with the request
// that was made; each next one has its headers again.
func redirect(next *http.Request, via []*http.Request, most int) error {
	first := via[0].URL
	switch {
	case len(via) > most:
		return fmt.Errorf("%w: more than %d", errRedirect, most)
	case next.URL.Scheme != "https" && next.URL.Scheme != "http":
		return fmt.Errorf("%w: to %s", errRedirect, next.URL.Scheme)
	case first.Scheme == "https" && next.URL.Scheme != "https":
		return fmt.Errorf("%w: from https to http", errRedirect)
	}
	if name, ok := next.Context().Value(credentialsKey{}).(string); ok && (next.URL.Host != first.Host || next.URL.Scheme != first.Scheme) {
		next.Header.Del(name)
	}
	return nil
}
