"""What HAProxy's stats socket says: ``show servers state``, ``show stat`` and ``show info``, as 2.9 words them."""

from collections.abc import Iterator, Mapping

from monitor.core.haproxy import ServerState
from monitor.demo.haproxy import FALL, RISE, Haproxy, Pool, Server

VERSION = "2.9-dev6"
PID = 51412
_MAXCONN = 1000
_WEIGHT = 10
_CHECKS_RUN = 0x02 | 0x04  # srv_check_state: CONFIGURED and ENABLED (CHK_ST_*)

_STATE_COLUMNS = (
    "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "
    "srv_agent_addr srv_agent_port"
)
_STAT_HEADER = (
    "pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,"
    "bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,"
    "check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,"
    "req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,"
    "rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,"
    "agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,"
)
_STAT_COLUMNS = _STAT_HEADER.rstrip(",").split(",")
_STATE_CODES = {state: code for code, state in enumerate(ServerState)}
_CHECK_WORDS = {1: "INI", 6: "L4OK", 7: "L4TOUT", 8: "L4CON"}
_CHECK_SENTENCES = {1: "Initializing", 6: "Layer4 check passed", 7: "Layer4 timeout", 8: "Layer4 connection problem"}

Row = Mapping[str, object]


def answer(haproxy: Haproxy, now: float) -> str:
    """Answer all three commands in one go; each answer ends with an empty line (management guide, section 9.3)."""
    return f"{servers_state(haproxy, now)}\n{stat(haproxy, now)}\n{info(haproxy, now)}\n"


def servers_state(haproxy: Haproxy, now: float) -> str:
    """Answer ``show servers state``: the format's version, the columns' names, a line for each server."""
    lines = ["1", f"# {_STATE_COLUMNS}"]
    for number, pool in enumerate(haproxy.pools.values()):
        backend_id = 100 + 10 * number
        lines += [
            f"{backend_id} {pool.name} {backend_id + index} {server.name} {server.address} "
            f"{_STATE_CODES[server.state]} 0 {_WEIGHT} {_WEIGHT} {now - server.changed:.0f} {server.check_status} "
            f"{server.check_result} {server.health} {_CHECKS_RUN} 0 1 1 - {server.port} - 0 "
            f"{server.own_check_port} - - 0"
            for index, server in enumerate(pool.servers, 1)
        ]
    return "".join(f"{line}\n" for line in lines)


def stat(haproxy: Haproxy, now: float) -> str:
    """Answer ``show stat``: frontends, servers and backends as CSV."""
    lines = [f"# {_STAT_HEADER}"]
    lines += ["".join(f"{row.get(column, '')}," for column in _STAT_COLUMNS) for row in _rows(haproxy, now)]
    return "".join(f"{line}\n" for line in lines)


def info(haproxy: Haproxy, now: float) -> str:
    """Answer ``show info``."""
    uptime = int(now - haproxy.started)
    minutes, seconds = divmod(uptime, 60)
    hours, minutes = divmod(minutes, 60)
    fields: Row = {
        "Name": "HAProxy",
        "Version": VERSION,
        "Nbthread": 1,
        "Nbproc": 1,
        "Process_num": 1,
        "Pid": PID,
        "Uptime": f"{hours // 24}d {hours % 24}h{minutes:02}m{seconds:02}s",
        "Uptime_sec": uptime,
        "Maxconn": _MAXCONN,
        "Hard_maxconn": _MAXCONN,
        "CurrConns": sum(server.sessions for pool in haproxy.pools.values() for server in pool.servers),
        "Run_queue": 0,
        "Idle_pct": 100,
        "node": "pfsense",
        "Stopping": 0,
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def _rows(haproxy: Haproxy, now: float) -> Iterator[Row]:
    for pool in haproxy.pools.values():
        scur = sum(server.sessions for server in pool.servers)
        name = f"mailserver_proxy_{pool.service.frontend_port}"
        yield {"pxname": name, "svname": "FRONTEND", "scur": scur, "slim": _MAXCONN, "status": "OPEN", "mode": "tcp"}
    for pool in haproxy.pools.values():
        yield from (_server_row(pool, server, now) for server in pool.servers)
        yield _backend_row(pool, now)


def _server_row(pool: Pool, server: Server, now: float) -> Row:
    return _common(pool, server.name, now - server.changed) | {
        "scur": server.sessions,
        "status": _status(server),
        "weight": _WEIGHT,
        "act": 1,
        "chkfail": server.failed_checks,
        "chkdown": int(server.state is ServerState.STOPPED),
        "type": 2,
        "check_status": _CHECK_WORDS[server.check_status],
        "check_duration": 0,
        "last_chk": "",
        "check_desc": _CHECK_SENTENCES[server.check_status],
        "check_rise": RISE,
        "check_fall": FALL,
        "check_health": server.health,
        "addr": f"{server.address}:{server.port}",
    }


def _backend_row(pool: Pool, now: float) -> Row:
    up = sum(server.state is ServerState.RUNNING for server in pool.servers)
    return _common(pool, "BACKEND", now - max(server.changed for server in pool.servers)) | {
        "scur": sum(server.sessions for server in pool.servers),
        "status": "UP" if up else "DOWN",
        "weight": _WEIGHT * up,
        "act": up,
        "type": 1,
        "algo": "roundrobin",
    }


def _common(pool: Pool, name: str, age: float) -> dict[str, object]:
    return {"pxname": pool.name, "svname": name, "qcur": 0, "bck": 0, "lastchg": int(age), "mode": "tcp"}


def _status(server: Server) -> str:
    """Word it as the stats page does: a state on its way elsewhere shows how far it is (``UP 2/3``, ``DOWN 1/2``)."""
    if server.state is ServerState.RUNNING:
        alive = server.health - RISE + 1
        return "UP" if alive == FALL else f"UP {alive}/{FALL}"
    return f"DOWN {server.health}/{RISE}" if server.health else "DOWN"
