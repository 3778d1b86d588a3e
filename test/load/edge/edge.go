// Package edge is the HTTP layer that the peers get: the usual small net/http server, with what ours has to have too: a
// bearer token by its hash, a strict decoder, an idempotency key of caller, method, path and header, sealed offers, the
// reservation as JSON. It has no limiter, no metrics, no document and no log, all of which ours has.
package edge

import (
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"holdfast/offer"
	"holdfast/stock"
	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/test/load/peer"
	"holdfast/test/load/wire"
	"holdfast/uid"
)

// OffersPath answers with all offers there are, one for each pool.
const OffersPath = "/offers"

// maxBody bounds a request.
const maxBody = 64 << 10

// Server answers for a peer.
type Server struct {
	peer    *peer.Peer
	stay    *house.Stay
	sealer  *offer.Sealer
	offers  []string
	callers map[[sha256.Size]byte]string // subject by hash of the token
}

// New makes the server of a peer that sells pools 1 to pools; tokens name their subjects.
func New(p *peer.Peer, stay *house.Stay, pools int, tokens map[string]string) (*Server, error) {
	sealer, err := offer.NewSealer(make([]byte, offer.SecretBytes))
	if err != nil {
		return nil, err
	}
	s := &Server{peer: p, stay: stay, sealer: sealer, callers: map[[sha256.Size]byte]string{}}
	for token, subject := range tokens {
		s.callers[sha256.Sum256([]byte(token))] = subject
	}
	for i := range pools {
		sealed, err := sealer.Seal(stay.Offer(stock.PoolID(i + 1)))
		if err != nil {
			return nil, err
		}
		s.offers = append(s.offers, sealed)
	}
	return s, nil
}

// Handler routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET "+OffersPath, func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.offers) })
	mux.HandleFunc("POST "+wire.Path, s.place)
	return mux
}

type request struct {
	Items      []item      `json:"items"`
	Travellers []traveller `json:"travellers"`
}

type item struct {
	Offer string `json:"offer"`
}

type traveller struct {
	GivenName  string `json:"given_name"`
	FamilyName string `json:"family_name"`
	Email      string `json:"email"`
}

type money struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

type reservation struct {
	ID            string      `json:"id"`
	Status        string      `json:"status"`
	PaymentStatus string      `json:"payment_status"`
	Total         money       `json:"total"`
	Items         []sold      `json:"items"`
	Travellers    []traveller `json:"travellers"`
}

type sold struct {
	Status     string `json:"status"`
	HotelID    string `json:"hotel_id"`
	RoomTypeID string `json:"room_type_id"`
	CheckIn    string `json:"check_in"`
	CheckOut   string `json:"check_out"`
	Price      money  `json:"price"`
}

type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (s *Server) place(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	subject, ok := s.callers[sha256.Sum256([]byte(token))]
	if !ok {
		refuse(w, http.StatusUnauthorized, "token_invalid", "")
		return
	}
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		refuse(w, http.StatusUnprocessableEntity, "idempotency_key_required", "")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "body_too_large", "")
		return
	}
	var b request
	if err := json.Unmarshal(body, &b, json.RejectUnknownMembers(true)); err != nil {
		refuse(w, http.StatusBadRequest, "malformed", err.Error())
		return
	}
	if len(b.Items) != 1 || len(b.Travellers) != 1 {
		refuse(w, http.StatusUnprocessableEntity, "invalid", "one item and one traveller, please")
		return
	}
	o, err := s.sealer.Open(b.Items[0].Offer)
	if err != nil || len(o.Pieces) != 1 || len(o.Pieces[0].Claims) != 1 {
		refuse(w, http.StatusUnprocessableEntity, "offer_invalid", "")
		return
	}
	piece := &o.Pieces[0]
	order := &peer.Order{
		Hash: cut(sha256.Sum256(body)), Key: cut(sha256.Sum256([]byte(subject + "\x00" + r.Method + "\x00" + r.URL.Path + "\x00" + key))),
		Caller: subject, Claim: piece.Claims[0], Supplier: piece.Supplier, Currency: string(o.Currency), EndsAt: piece.Terms.EndsAt,
		Document: peer.ItemDocument(piece), Traveller: peer.Traveller(b.Travellers[0]),
	}
	id, err := s.peer.Place(r.Context(), order)
	switch {
	case errors.Is(err, drive.ErrSoldOut):
		refuse(w, http.StatusConflict, "sold_out", "Nothing was reserved.")
	case err != nil:
		refuse(w, http.StatusInternalServerError, "internal", err.Error())
	default:
		total := o.Total()
		price := money{total.Decimal(), string(o.Currency)}
		answer(w, http.StatusCreated, reservation{
			ID: id.Text("res"), Status: "held", PaymentStatus: "unpaid", Total: price, Travellers: b.Travellers,
			Items: []sold{{"held", piece.Stay.Hotel.Text("htl"), piece.Stay.RoomType.Text("rt"), piece.Stay.CheckIn.String(), piece.Stay.CheckOut.String(), price}},
		})
	}
}

func cut(h [sha256.Size]byte) (id uid.ID) {
	copy(id[:], h[:])
	return id
}

func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // failing, the caller has gone
}

func refuse(w http.ResponseWriter, status int, code, detail string) {
	answer(w, status, problem{status, code, detail})
}
