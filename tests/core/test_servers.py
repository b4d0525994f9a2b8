"""The servers that other tests rely on are real and answer."""

from redis.asyncio import Redis as Client
from sqlalchemy import text

from bot.store.migrate import HEAD
from bot.store.store import Store
from tests.servers import Redis


async def test_each_database_answers_and_is_migrated(store: Store):
    async with store.begin() as tx:
        found = await tx.conn.execute(text("SELECT version_num FROM alembic_version"))
        assert found.scalar_one() == HEAD


async def test_redis_answers_and_comes_back_after_a_crash(redis: Redis):
    """It keeps nothing: what was in it is gone, as after a flush."""
    async with Client.from_url(redis.url) as client:
        await client.set("k", "v")
        assert await client.get("k") == b"v"
    redis.stop()
    redis.start()
    async with Client.from_url(redis.url) as client:
        assert await client.get("k") is None
