-- Asks Astropiks Proxy at /attest about each request, for haproxy-attest.cfg.
--
-- HAProxy has no rule of its own that asks another server first, but its Lua has a client for HTTP.
-- The answer's status comes out in txn.attest_status. If there is no answer, or this script breaks,
-- that variable stays unset, and the rules refuse.

local url = os.getenv("ATTEST_URL") or "http://127.0.0.1:8080/attest"

local TIMEOUT_MS = 1000 -- of each of four attempts

-- Of this connection, not of the request; or said anew below.
local KEPT_BACK = {
    ["connection"] = true,
    ["content-length"] = true,
    ["expect"] = true,
    ["host"] = true,
    ["keep-alive"] = true,
    ["te"] = true,
    ["trailer"] = true,
    ["transfer-encoding"] = true,
    ["upgrade"] = true,
    ["x-forwarded-for"] = true,
    ["x-forwarded-host"] = true,
    ["x-forwarded-method"] = true,
    ["x-forwarded-proto"] = true,
    ["x-forwarded-uri"] = true,
    ["x-original-method"] = true,
    ["x-original-uri"] = true,
}

local function attest(txn)
    local headers = {}
    local hosts = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        -- They are counted from 0. A header that is there twice is passed on twice, so that the
        -- service can refuse it.
        local all = {}
        for i = 0, #values do
            all[#all + 1] = values[i]
        end
        if name == "host" then
            hosts = all
        elseif not KEPT_BACK[name] then
            headers[name] = all
        end
    end
    headers["x-original-method"] = { txn.f:method() }
    headers["x-original-uri"] = { txn.f:pathq() }
    local is_tls = txn.f:ssl_fc() -- a number before HAProxy 3.1
    headers["x-forwarded-proto"] = { (is_tls == true or is_tls == 1) and "https" or "http" }
    headers["x-forwarded-host"] = hosts
    headers["x-forwarded-for"] = { txn.f:src() }

    local answer = core.httpclient():get({ url = url, headers = headers, timeout = TIMEOUT_MS })
    txn:set_var("txn.attest_status", answer.status)
    local device = answer.headers and answer.headers["x-attestation-device"]
    if device then
        txn:set_var("txn.attest_device", device[0])
    end
end

core.register_action("attest", { "http-req" }, attest, 0)
