package offer

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"holdfast/money"
)

// ErrNotOffer is the answer to text that no sealer of ours made, or that was changed since.
var ErrNotOffer = errors.New("not an offer of this system")

// ErrTooLarge is the answer to an offer that does not fit its bound.
var ErrTooLarge = errors.New("offer too large")

const (
	prefix       = "off_"
	sealVersion  = 2     // 1: before there were rides; still opened
	headerBytes  = 1 + 4 // version, key id
	nonceBytes   = 12
	keptKeys     = 64            // hourly ciphers kept ready
	maxTextBytes = MaxTripSealed // nothing longer is even decoded
)

// Sealer seals and opens offers. Every process that shares the secret opens what any of them sealed. The key changes
// every hour: it is derived from the secret and the hour of issue (HKDF-SHA-256, RFC 5869), whose number travels in
// the clear as the key id and is authenticated. Content is AES-256-GCM: neither readable nor changeable.
type Sealer struct {
	secret []byte

	mu   sync.Mutex
	keys map[uint32]cipher.AEAD
}

// SecretBytes is the length of the secret a Sealer wants.
const SecretBytes = 32

// NewSealer makes a Sealer from the shared secret of SecretBytes bytes.
func NewSealer(secret []byte) (*Sealer, error) {
	if len(secret) != SecretBytes {
		return nil, fmt.Errorf("sealing secret has %d bytes, want %d", len(secret), SecretBytes)
	}
	return &Sealer{secret: secret, keys: map[uint32]cipher.AEAD{}}, nil
}

func (s *Sealer) key(id uint32) (cipher.AEAD, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.keys[id]; ok {
		return k, nil
	}
	raw, err := hkdf.Key(sha256.New, s.secret, nil, fmt.Sprintf("holdfast offer key %d", id), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	k, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	if len(s.keys) >= keptKeys {
		clear(s.keys)
	}
	s.keys[id] = k
	return k, nil
}

// Seal turns the offer into the text a caller holds: at most MaxStaySealed bytes for one stay, MaxTripSealed for an itinerary.
func (s *Sealer) Seal(o Offer) (string, error) {
	plain, err := encode(o)
	if err != nil {
		return "", err
	}
	id := uint32(o.IssuedAt.Unix() / int64(time.Hour/time.Second))
	key, err := s.key(id)
	if err != nil {
		return "", err
	}
	buf := make([]byte, headerBytes+nonceBytes, headerBytes+nonceBytes+len(plain)+key.Overhead())
	buf[0] = sealVersion
	binary.BigEndian.PutUint32(buf[1:], id)
	if _, err := rand.Read(buf[headerBytes:]); err != nil {
		return "", err
	}
	buf = key.Seal(buf, buf[headerBytes:], plain, buf[:headerBytes])
	text := prefix + base64.RawURLEncoding.EncodeToString(buf)
	limit := MaxTripSealed
	if len(o.Pieces) == 1 && o.Pieces[0].Ride == nil {
		limit = MaxStaySealed
	}
	if len(text) > limit {
		return "", fmt.Errorf("%d bytes, at most %d: %w", len(text), limit, ErrTooLarge)
	}
	return text, nil
}

// Open reads what Seal made; ErrNotOffer for everything else. Whether the offer is still live is the caller's to ask.
func (s *Sealer) Open(text string) (Offer, error) {
	body, ok := strings.CutPrefix(text, prefix)
	if !ok || len(text) > maxTextBytes || strings.ContainsAny(body, "\r\n") { // which the decoder would skip: an offer has one text
		return Offer{}, ErrNotOffer
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(raw) < headerBytes+nonceBytes || raw[0] < 1 || raw[0] > sealVersion {
		return Offer{}, ErrNotOffer
	}
	key, err := s.key(binary.BigEndian.Uint32(raw[1:]))
	if err != nil {
		return Offer{}, err
	}
	plain, err := key.Open(nil, raw[headerBytes:headerBytes+nonceBytes], raw[headerBytes+nonceBytes:], raw[:headerBytes])
	if err != nil {
		return Offer{}, ErrNotOffer
	}
	return decode(plain, raw[0])
}

// currencyOf reads a currency from the wire; an unknown one is not an offer of ours.
func currencyOf(s string) (money.Currency, error) {
	c, err := money.ParseCurrency(s)
	if err != nil {
		return "", ErrNotOffer
	}
	return c, nil
}
